//! `windlass init` in folders of each kind: what it writes is read by the real loader.

use std::fs;

use serde_json::Value;

use crate::typed::Place;

/// The file that is written for a folder with these files; it must be valid.
#[track_caller]
pub(crate) fn written(files: &[(&str, &str)]) -> String {
    let place = Place::empty();
    for (name, text) in files {
        let path = place.path(&format!("my-shop/{name}"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::create_dir_all(place.path("my-shop")).unwrap();
    let left = place.run(&["init", "-f", "my-shop/windlass.yaml"]);
    assert_eq!(left.code, 0, "{}", left.err);
    assert!(left.out.contains("\nnext: windlass"), "{}", left.out);
    let valid = place.run(&["validate", "-f", "my-shop/windlass.yaml"]);
    assert_eq!(valid.code, 0, "{}", valid.err);
    let text = fs::read_to_string(place.path("my-shop/windlass.yaml")).unwrap();
    // Each of them begins alike.
    let (head, rest) = text.split_once("\napp: ").unwrap();
    assert!(head.contains("windlass docs file"), "{head}");
    format!("app: {rest}")
}

#[test]
fn a_procfile_gives_a_service_a_line() {
    let text = written(&[
        (
            "Procfile",
            "web: ./bin/server --port $PORT\nworker: cd jobs && ./run \"$QUEUE\"\nrelease: ./migrate\n",
        ),
        ("package.json", "{}"),
    ]);
    insta::assert_snapshot!(text, @r#"
    app: my-shop

    services:
      # Its port is in the variable PORT too.
      web:
        run: ./bin/server --port ${PORT}
        files:                   # the release: this, and the program
          - ./package.json
        listen: 127.0.0.1:8080   # where the router serves it; 0.0.0.0:8080 for every address
        # ready: /health         # a path that says so; without it an open port is enough
        # bake: 2m               # how long a new release is watched; without it 30s

      # It needed a shell, so it names one; a script of its own is better.
      worker:
        run: "sh -c \"cd jobs && ./run \\\"$$QUEUE\\\"\""
        files:                   # the release: this, and the program
          - ./package.json
        # listen: 127.0.0.1:8090 # if requests come to it

    # Not run by Windlass today:
    # - release: ./migrate (run it before windlass deploy)
    "#);
}

#[test]
fn a_compose_file_gives_what_can_run_and_names_the_rest() {
    let text = written(&[
        (
            "compose.yaml",
            "services:\n  web:\n    build: ./web\n    ports: ['8000:80']\n    depends_on: [api, db]\n    environment: { LEVEL: info, PORT: 80 }\n  api:\n    build: { context: api }\n    command: python3 api.py --port ${PORT:-80}\n    environment: ['DATABASE_URL=postgres://db/x', 'SECRET']\n  db:\n    image: postgres:16\n",
        ),
        (
            "web/package.json",
            "{\"scripts\":{\"start\":\"node server.js\"}}",
        ),
        ("web/server.js", ""),
        ("api/requirements.txt", "flask\n"),
        ("api/api.py", ""),
        ("api/Dockerfile", "FROM python:3\nEXPOSE 80\n"),
    ]);
    insta::assert_snapshot!(text, @r#"
    app: my-shop

    services:
      # It was started in a container: look at its paths and at what it needs installed.
      api:
        run: python3 ./api/api.py --port ${PORT}
        files:                   # the release: this, and the program
          - ./api/api.py
          - ./api/requirements.txt
        env:
          DATABASE_URL: postgres://db/x
          SECRET: "${SECRET}"
        listen: 127.0.0.1:8080   # where the router serves it; 0.0.0.0:8080 for every address
        # ready: /health         # a path that says so; without it an open port is enough
        # bake: 2m               # how long a new release is watched; without it 30s

      # Its port is in the variable PORT.
      web:
        needs: [api]
        run: node ./web/server.js
        files:                   # the release: this, and the program
          - ./web/package.json
          - ./web/server.js
        env:
          NODE_ENV: production
          LEVEL: info
        listen: 127.0.0.1:8000   # where the router serves it; 0.0.0.0:8000 for every address
        # ready: /health         # a path that says so; without it an open port is enough
        # bake: 2m               # how long a new release is watched; without it 30s

    # Not run by Windlass today:
    # - db: the image postgres:16; give its address to the others by `env`
    "#);
}

#[test]
fn a_cargo_project_gives_its_binaries() {
    let text = written(&[
        ("Cargo.toml", "[package]\nname = \"shop_server\"\n"),
        ("src/main.rs", ""),
        ("src/bin/worker.rs", ""),
    ]);
    insta::assert_snapshot!(text, @r"
    app: my-shop

    services:
      # Build it first: cargo build --release
      # Its port is in the variable PORT; or write: --port ${PORT}
      # Remove it if this binary is no service.
      shop-server:
        run: ./target/release/shop_server
        listen: 127.0.0.1:8080   # where the router serves it; 0.0.0.0:8080 for every address
        # ready: /health         # a path that says so; without it an open port is enough
        # bake: 2m               # how long a new release is watched; without it 30s

      # Remove it if this binary is no service.
      worker:
        run: ./target/release/worker
        # listen: 127.0.0.1:8090 # if requests come to it
    ");
    let workspace = written(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n"),
        (
            "crates/a/Cargo.toml",
            "[package]\nname = \"a\"\n[[bin]]\nname = \"serve\"\npath = \"x.rs\"\n",
        ),
        ("crates/b/Cargo.toml", "[package]\nname = \"b\"\n"),
    ]);
    assert!(
        workspace.contains("  serve:\n    run: ./target/release/serve\n"),
        "{workspace}"
    );
}

#[test]
fn an_npm_project_is_started_as_npm_start_does() {
    let text = written(&[
        (
            "package.json",
            "{\"name\":\"@acme/front\",\"scripts\":{\"start\":\"node server.js\"}}",
        ),
        ("server.js", ""),
        ("public/index.html", ""),
    ]);
    insta::assert_snapshot!(text, @r"
    app: my-shop

    services:
      # Its port is in the variable PORT.
      acme-front:
        run: node ./server.js
        files:                   # the release: this, and the program
          - ./package.json
          - ./public
          - ./server.js
        env:
          NODE_ENV: production
        listen: 127.0.0.1:8080   # where the router serves it; 0.0.0.0:8080 for every address
        # ready: /health         # a path that says so; without it an open port is enough
        # bake: 2m               # how long a new release is watched; without it 30s
    ");
    let next = written(&[("package.json", "{\"scripts\":{\"start\":\"next start\"}}")]);
    assert!(next.contains("run: npm start\n"), "{next}");
}

#[test]
fn packages_are_listed_where_they_are_needed_and_nowhere_else() {
    let needy = "{\"main\":\"web\",\"dependencies\":{\"express\":\"^4\"}}";
    let text = written(&[
        ("package.json", needy),
        ("package-lock.json", "{}"),
        ("web.js", ""),
    ]);
    assert!(text.contains("# Run `npm ci` first.\n"), "{text}");
    assert!(text.contains("- ./node_modules\n"), "{text}");
    assert!(text.contains("run: node ./web.js\n"), "{text}");
    let tools = "{\"scripts\":{\"start\":\"node web\"},\"devDependencies\":{\"x\":\"1\"}}";
    let text = written(&[
        ("package.json", tools),
        ("node_modules/x/index.js", ""),
        ("web.js", ""),
    ]);
    assert!(!text.contains("node_modules"), "{text}");
    assert!(text.contains("run: node ./web.js\n"), "{text}");
}

#[test]
fn whatever_the_command_names_is_kept() {
    let text = written(&[
        ("Procfile", "web: node bin/www --data data\n"),
        ("package.json", "{}"),
        ("bin/www", ""),
        ("data/a.txt", ""),
        ("lib/a.js", ""),
        ("routes/a.js", ""),
        ("tests/a.js", ""),
        ("vite.config.js", ""),
    ]);
    let files = text.split_once("program\n").unwrap().1;
    insta::assert_snapshot!(files.split_once("    listen").unwrap().0, @r"
    - ./bin/www
    - ./data
    - ./lib
    - ./package.json
    - ./routes
    ");
}

#[test]
fn each_project_of_a_folder_and_else_of_the_folders_below_is_a_service() {
    let both = written(&[
        ("package.json", "{\"scripts\":{\"start\":\"node web.js\"}}"),
        ("web.js", ""),
        ("requirements.txt", ""),
        ("api.py", ""),
    ]);
    for line in [
        "  web:",
        "    run: node ./web.js",
        "  api:",
        "    run: python3 ./api.py",
    ] {
        assert!(both.contains(&format!("\n{line}\n")), "{both}");
    }
    let text = written(&[
        (
            "front/package.json",
            "{\"name\":\"x\",\"scripts\":{\"start\":\"vite\"}}",
        ),
        ("api/requirements.txt", "uvicorn\n"),
        ("api/main.py", ""),
        ("node_modules/y/package.json", "{\"main\":\"i.js\"}"),
        ("node_modules/y/i.js", ""),
    ]);
    insta::assert_snapshot!(text, @r#"
    app: my-shop

    services:
      # Install its packages for python3, or make a .venv here and run init again.
      # Look whether it is the right module and application.
      api:
        run: uvicorn --app-dir ./api main:app --host 127.0.0.1 --port ${PORT}
        files:                   # the release: this, and the program
          - ./api/main.py
          - ./api/requirements.txt
        env:
          PYTHONUNBUFFERED: "1"
        listen: 127.0.0.1:8080   # where the router serves it; 0.0.0.0:8080 for every address
        # ready: /health         # a path that says so; without it an open port is enough
        # bake: 2m               # how long a new release is watched; without it 30s

      # Starting the program itself is better: npm passes signals on late.
      # Its port is in the variable PORT.
      front:
        run: npm --prefix ./front start
        files:                   # the release: this, and the program
          - ./front/package.json
        env:
          NODE_ENV: production
        listen: 127.0.0.1:8081   # where the router serves it; 0.0.0.0:8081 for every address
        # ready: /health         # a path that says so; without it an open port is enough
        # bake: 2m               # how long a new release is watched; without it 30s
    "#);
}

#[test]
fn a_script_alone_is_enough_and_a_project_that_says_nothing_gives_the_example() {
    let text = written(&[("api.py", "")]);
    assert!(
        text.contains("  api:\n    run: python3 ./api.py\n"),
        "{text}"
    );
    let place = Place::empty();
    fs::write(place.path("requirements.txt"), "").unwrap();
    let left = place.run(&["init"]);
    let saw = "saw: requirements.txt, which does not say what is started, so it is an example\n";
    assert!(left.out.contains(saw), "{}", left.out);
}

#[test]
fn packages_of_a_virtual_environment_are_kept_without_its_links_out_of_the_folder() {
    let text = written(&[
        ("requirements.txt", "gunicorn\n"),
        ("app.py", ""),
        (
            ".venv/lib/python3.13/site-packages/gunicorn/__init__.py",
            "",
        ),
    ]);
    let packages = "./.venv/lib/python3.13/site-packages\n";
    assert!(text.contains(&format!("      - {packages}")), "{text}");
    assert!(text.contains(&format!("PYTHONPATH: {packages}")), "{text}");
    let run = "run: python3 -m gunicorn app:app --bind 127.0.0.1:${PORT}\n";
    assert!(text.contains(run), "{text}");
}

#[test]
fn a_python_project_is_started_by_its_usual_server() {
    let text = written(&[
        ("requirements.txt", "fastapi\nuvicorn\n"),
        ("main.py", ""),
        ("shop/__init__.py", ""),
    ]);
    insta::assert_snapshot!(text, @r#"
    app: my-shop

    services:
      # Install its packages for python3, or make a .venv here and run init again.
      # Look whether it is the right module and application.
      web:
        run: uvicorn main:app --host 127.0.0.1 --port ${PORT}
        files:                   # the release: this, and the program
          - ./main.py
          - ./requirements.txt
          - ./shop
        env:
          PYTHONUNBUFFERED: "1"
        listen: 127.0.0.1:8080   # where the router serves it; 0.0.0.0:8080 for every address
        # ready: /health         # a path that says so; without it an open port is enough
        # bake: 2m               # how long a new release is watched; without it 30s
    "#);
    let django = written(&[
        (
            "pyproject.toml",
            "[project]\nname = \"shop\"\ndependencies = [\"django\", \"gunicorn\"]\n",
        ),
        ("manage.py", ""),
        ("site/wsgi.py", ""),
        ("site/__init__.py", ""),
    ]);
    assert!(
        django.contains("run: gunicorn site.wsgi --bind 127.0.0.1:${PORT}\n"),
        "{django}"
    );
}

#[test]
fn a_dockerfile_alone_gives_its_command() {
    let text = written(&[(
        "Dockerfile",
        "FROM debian\nEXPOSE 9000/tcp\nENTRYPOINT [\"./serve\"]\nCMD [\"--verbose\"]\n",
    )]);
    insta::assert_snapshot!(text, @r"
    app: my-shop

    services:
      # It is the CMD of the Dockerfile; Windlass runs no containers yet.
      # Paths of the image must become paths of this folder.
      # It listened on 9000 there; here it must listen on the port in the variable PORT.
      web:
        run: ./serve --verbose
        listen: 127.0.0.1:9000   # where the router serves it; 0.0.0.0:9000 for every address
        # ready: /health         # a path that says so; without it an open port is enough
        # bake: 2m               # how long a new release is watched; without it 30s
    ");
}

#[test]
fn without_anything_known_there_is_the_least_example() {
    insta::assert_snapshot!(written(&[]), @r"
    app: my-shop

    services:
      # Put your program here. ${PORT} is the port that it must listen on; it is in the variable PORT too.
      web:
        run: ./server --port ${PORT}
        listen: 127.0.0.1:8080   # where the router serves it; 0.0.0.0:8080 for every address
        # ready: /health         # a path that says so; without it an open port is enough
        # bake: 2m               # how long a new release is watched; without it 30s

      # A service that needs another one waits for it, and finds it: with `needs: [api]` above, web
      # has the variable API_URL, which is http://127.0.0.1:8081.
      # api:
      #   run: ./api --port ${PORT}
      #   listen: 127.0.0.1:8081

      # Without `listen` it gets no requests.
      # worker:
      #   needs: [api]
      #   run: ./worker
    ");
}

#[test]
fn a_single_script_of_any_name_is_found_and_told_its_port() {
    insta::assert_snapshot!(
        written(&[
            ("shop.rb", "require './cart'\nTCPServer.new(ENV.fetch('PORT'))\n"),
            ("cart.rb", "class Cart; end\n"),
            ("README.md", "a shop\n"),
        ]),
        @r"
    app: my-shop

    services:
      # Guessed: shop.rb is what is started here.
      # Its port is in the variable PORT.
      shop:
        run: ruby ./shop.rb
        files:                   # the release: this, and the program
          - ./cart.rb
          - ./shop.rb
        listen: 127.0.0.1:8080   # where the router serves it; 0.0.0.0:8080 for every address
        # ready: /health         # a path that says so; without it an open port is enough
        # bake: 2m               # how long a new release is watched; without it 30s
    "
    );
    for (name, source, run) in [
        (
            "server.py",
            "parser.add_argument('--port')",
            "python3 ./server.py --port ${PORT}",
        ),
        (
            "index.js",
            "http.createServer().listen(process.argv[2])",
            "node ./index.js ${PORT}",
        ),
        (
            "main.go",
            "flag.Int(\"port\", 0, \"--port\")",
            "./server --port ${PORT}",
        ),
        ("run.sh", "exec nc -l \"$PORT\"", "sh ./run.sh"),
        ("mailer.pl", "print 'sent'", "perl ./mailer.pl"),
    ] {
        let text = written(&[(name, source)]);
        assert!(text.contains(&format!("    run: {run}\n")), "{text}");
    }
}

#[test]
fn each_script_that_listens_is_a_service_and_what_is_part_of_one_is_not() {
    insta::assert_snapshot!(
        written(&[
            (
                "api.py",
                "import store\nHTTPServer(('', int(os.environ['PORT']))).serve_forever()\n",
            ),
            ("store.py", "PORT = 5432\n"),
            ("front.js", "http.createServer(answer).listen(process.env.PORT)\n"),
            ("tidy.rb", "puts 'tidy'\n"),
        ]),
        @r#"
    app: my-shop

    services:
      # Its port is in the variable PORT.
      # What else may be a service of its own: tidy.rb. Add it with a name and a `run` like this one's.
      api:
        run: python3 ./api.py
        files:                   # the release: this, and the program
          - ./api.py
          - ./store.py
        env:
          PYTHONUNBUFFERED: "1"
        listen: 127.0.0.1:8080   # where the router serves it; 0.0.0.0:8080 for every address
        # ready: /health         # a path that says so; without it an open port is enough
        # bake: 2m               # how long a new release is watched; without it 30s

      # Guessed: front.js is started too, as it was seen to listen.
      # Its port is in the variable PORT.
      front:
        run: node ./front.js
        listen: 127.0.0.1:8081   # where the router serves it; 0.0.0.0:8081 for every address
        # ready: /health         # a path that says so; without it an open port is enough
        # bake: 2m               # how long a new release is watched; without it 30s
    "#
    );
    // The sources of a project are its own; one of another language is not.
    let text = written(&[
        (
            "package.json",
            r#"{"scripts": {"start": "node ./server.js"}}"#,
        ),
        ("server.js", "app.listen(process.env.PORT)"),
        ("mock.js", "app.listen(1)"),
        ("api.py", "app.run(port=PORT)"),
    ]);
    assert!(
        text.contains("  api:\n    run: python3 ./api.py\n"),
        "{text}"
    );
    assert!(!text.contains("run: node ./mock.js"), "{text}");
}

#[test]
fn a_script_that_deploys_by_itself_is_wrapped() {
    insta::assert_snapshot!(
        written(&[("deploy.sh", "#!/bin/sh\nrsync -a site/ host:/srv/site/\n"), ("Dockerfile", "FROM x\nCMD [\"x\"]\n")]),
        @r#"
    app: my-shop

    services:
      # Guessed: deploy.sh deploys by itself, so it is run as it is: windlass docs wrap-a-script
      # Nothing in it was seen to read WINDLASS_VERSION, the version that must be live afterwards.
      my-shop:
        release: { version: "1" }               # yours; the next one: windlass deploy --set my-shop=2
        target:
          command:
            deploy: sh ./deploy.sh              # brings that version, then ends with 0
            # status: sh ./deploy.sh --status   # prints {"version": "1", "state": "live"}; without it an end with 0 is believed
            # rollback: ./rollback.sh           # goes back; without it the deploy of the version before runs again
            # within: 10m                       # how long one run may take
            # pass: both                        # tells it by flags too where to report; without it by variables
        # bake: 2m                              # how long a new version is watched; without it 30s
    "#
    );
    let text = written(&[
        (
            "scripts/deploy.sh",
            "#!/bin/bash\n# --orchestrated\ncase $1 in --status) echo '{\"version\": \"1\", \"state\": \"live\"}'; exit ;; esac\necho $WINDLASS_VERSION\n",
        ),
        ("scripts/rollback.sh", "#!/bin/bash\n"),
        ("lib.sh", "log() { echo $1; }\n"),
    ]);
    for line in [
        "        deploy: bash ./scripts/deploy.sh ",
        "        status: bash ./scripts/deploy.sh --status ",
        "        rollback: bash ./scripts/rollback.sh ",
        "        pass: both ",
        "  # It reads the version from WINDLASS_VERSION.",
    ] {
        assert!(text.contains(&format!("\n{line}")), "{line:?} in {text}");
    }
    let text = written(&[("deploy-prod.py", "print(sys.argv[1])\n")]);
    let deploy = "        deploy: python3 ./deploy-prod.py ${VERSION} ";
    assert!(text.contains(deploy), "{text}");
}

#[test]
fn a_script_is_asked_to_go_back_and_for_its_status_as_it_shows_that_it_can_be() {
    let script = "#!/bin/sh\nstatus() { echo \"{\\\"version\\\": \\\"1\\\", \\\"state\\\": \\\"live\\\"}\"; }\ncase \"${1:-}\" in\n  --rollback) back ;;\n  --status) status ;;\n  *) echo \"brings $WINDLASS_VERSION\" ;;\nesac\n";
    insta::assert_snapshot!(written(&[("deploy.sh", script)]), @r#"
    app: my-shop

    services:
      # Guessed: deploy.sh deploys by itself, so it is run as it is: windlass docs wrap-a-script
      # It reads the version from WINDLASS_VERSION.
      my-shop:
        release: { version: "1" }                 # yours; the next one: windlass deploy --set my-shop=2
        target:
          command:
            deploy: sh ./deploy.sh                # brings that version, then ends with 0
            status: sh ./deploy.sh --status       # prints {"version": "1", "state": "live"}; without it an end with 0 is believed
            rollback: sh ./deploy.sh --rollback   # goes back, unless the script was changed since; without it the deploy of the version before runs again
            # within: 10m                         # how long one run may take
            # pass: both                          # tells it by flags too where to report; without it by variables
        # bake: 2m                                # how long a new version is watched; without it 30s
    "#);
    let verbs = "case $1 in deploy) bring $2 ;; rollback) back ;; status) cat live ;; esac\n";
    let text = written(&[("deploy.sh", verbs)]);
    for line in [
        "        deploy: sh ./deploy.sh deploy ${VERSION} ",
        "        # status: sh ./deploy.sh status ",
        "        rollback: sh ./deploy.sh rollback ",
    ] {
        assert!(text.contains(&format!("\n{line}")), "{line:?} in {text}");
    }
}

#[test]
fn what_a_script_may_know_and_does_not_show_is_a_comment() {
    for script in [
        "case $1 in --rollback) back \"$2\" ;; *) bring ;; esac\n",
        "# deploy.sh --rollback\n",
    ] {
        let text = written(&[("deploy.sh", script)]);
        let line = "\n        # rollback: sh ./deploy.sh --rollback ";
        assert!(text.contains(line), "{text}");
        assert!(!text.contains("\n        rollback:"), "{text}");
    }
}

#[test]
fn a_script_of_an_odd_name_is_wrapped_by_that_name() {
    for (name, command) in [
        ("-deploy.sh", "sh ./-deploy.sh"),
        ("deploy my app.sh", "sh './deploy my app.sh'"),
        ("deploy-größe.sh", "sh ./deploy-größe.sh"),
        ("deploy-it's.sh", r"sh './deploy-it'\''s.sh'"),
        ("deploy-\"x\".sh", "sh './deploy-\"x\".sh'"),
        ("deploy: web.sh", "sh './deploy: web.sh'"),
        ("deploy #1.sh", "sh './deploy #1.sh'"),
        ("deploy-${A}&b;c.sh", "sh './deploy-$${A}&b;c.sh'"),
        ("deploy-two\nlines.sh", "sh './deploy-two\nlines.sh'"),
    ] {
        let text = written(&[(name, "#!/bin/sh\n")]);
        let quoted = Value::from(command);
        let plain = format!("\n        deploy: {command} ");
        let quoted = format!("\n        deploy: {quoted} ");
        assert!(text.contains(&plain) || text.contains(&quoted), "{text}");
    }
}

#[test]
fn beside_what_is_started_a_script_that_deploys_is_only_named() {
    let script = ("deploy.sh", "#!/bin/sh\n");
    for files in [
        [script, ("server.py", "print('--port')\n")],
        [script, ("Procfile", "web: ./web\n")],
    ] {
        let text = written(&files);
        assert!(!text.contains("command:"), "{text}");
        let named = "# - deploy.sh: it deploys by itself; to have it run instead: windlass docs wrap-a-script";
        assert!(text.contains(named), "{text}");
    }
}

#[test]
fn what_is_there_is_never_overwritten() {
    let place = Place::with_file("mine");
    let left = place.run(&["init", "-o", "json"]);
    assert_eq!(left.code, 5);
    assert!(
        left.err.contains("windlass.yaml is there already"),
        "{}",
        left.err
    );
    assert_eq!(
        fs::read_to_string(place.path("windlass.yaml")).unwrap(),
        "mine"
    );
}

#[test]
fn it_says_what_it_saw_what_it_guessed_and_what_is_next() {
    let place = Place::empty();
    fs::create_dir(place.path("shop")).unwrap();
    fs::write(place.path("shop/Procfile"), "web: ./server\n").unwrap();
    fs::write(place.path("shop/Dockerfile"), "FROM x\n").unwrap();
    let left = place.run(&["init", "-f", "shop/windlass.yaml"]);
    insta::assert_snapshot!(left.whole(), @r"
    exit 0
    wrote shop/windlass.yaml: app shop, 1 service (web)
    saw: Procfile, Dockerfile
    look at web: Its port is in the variable PORT too.
    next: windlass -f shop/windlass.yaml validate, then windlass -f shop/windlass.yaml plan
    --
    ");
    fs::remove_file(place.path("shop/windlass.yaml")).unwrap();
    let left = place.run(&["init", "-f", "shop/windlass.yaml", "-o", "json"]);
    let value: Value = serde_json::from_str(&left.out).unwrap();
    assert_eq!(value["app"], "shop");
    assert_eq!(value["services"], serde_json::json!(["web"]));
}

#[test]
fn files_that_cannot_be_read_stop_nothing() {
    let text = written(&[
        ("package.json", "{"),
        ("Cargo.toml", "["),
        ("compose.yaml", "a: [\n"),
        ("Procfile", "\n:\n"),
    ]);
    assert!(text.contains("compose.yaml can't be read: line "), "{text}");
}
