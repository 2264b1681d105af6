//! What `windlass init` takes over from the files of other tools: all that they say is in its file, or told.

use std::fs;

use crate::typed::Place;

/// The file that is written for a folder with these files, which is valid, and what was said.
#[track_caller]
fn written(files: &[(&str, &str)]) -> (String, String) {
    let place = Place::empty();
    for (name, text) in files {
        fs::create_dir_all(place.path(name).parent().unwrap()).unwrap();
        fs::write(place.path(name), text).unwrap();
    }
    let left = place.run(&["init"]);
    assert_eq!(left.code, 0, "{}", left.err);
    let valid = place.run(&["validate"]);
    assert_eq!(valid.code, 0, "{}", valid.err);
    let text = fs::read_to_string(place.path("windlass.yaml")).unwrap();
    (text, left.out)
}

/// Each remark stands in the file and in what was printed.
#[track_caller]
fn told(written: &(String, String), remarks: &[&str]) {
    let (text, out) = written;
    for remark in remarks {
        assert!(text.contains(remark), "{remark:?} in {text}");
        assert!(out.contains(remark), "{remark:?} in {out}");
    }
}

/// The lines of the file without its comments.
fn bare(written: &(String, String)) -> String {
    let lines = written.0.lines().map(|line| {
        let own = line.split(" # ").next().unwrap_or_default();
        own.trim_end()
    });
    let lines = lines.filter(|line| !line.is_empty() && !line.trim_start().starts_with('#'));
    lines
        .skip_while(|line| *line != "services:")
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_doubled_dollar_of_a_compose_file_stays_one_dollar() {
    let made = written(&[(
        "compose.yml",
        "services:\n  web:\n    build: .\n    command: ./web --pw a$$b\n    environment: { PW: 'pa$$word', H: '$$HOME', P: '5$$' }\n",
    )]);
    insta::assert_snapshot!(bare(&made), @r#"
    services:
      web:
        run: ./web --pw a$$b
        env:
          H: "$$HOME"
          P: "5$$"
          PW: pa$$word
    "#);
}

#[test]
fn what_a_compose_service_says_is_taken_over_or_told() {
    let made = written(&[
        (
            "compose.yaml",
            "services:
  web:
    build: .
    entrypoint: [sh, -c]
    command: ['echo \"$$HOME\" && ./web --port 3000 ${MORE:-}']
    env_file: .env
    environment: { A: '${UNSET:-dflt}', API_URL: 'http://api', 'b.c': x, NODE_ENV: test }
    depends_on: [api]
    deploy: { replicas: 2, resources: {} }
    ports: ['3000-3002:3000-3002', '9:9']
    volumes: ['.:/srv']
  api:
    build: .
    command: ./api --listen 0.0.0.0:80
    ports: ['80']
  odd:
    command: ./odd
",
        ),
        (".env", "# mine\nTOKEN=secret\nLEVEL=1\n"),
        ("package.json", "{\"scripts\":{\"start\":\"node web.js\"}}"),
        ("web.js", ""),
    ]);
    insta::assert_snapshot!(bare(&made), @r#"
    services:
      api:
        run: ./api --listen 127.0.0.1:${PORT}
        files:
          - ./package.json
          - ./web.js
        listen: 127.0.0.1:8080
      web:
        needs: [api]
        run: "sh -c 'echo \"$$HOME\" && ./web --port ${PORT} '"
        instances: 2
        files:
          - ./package.json
          - ./web.js
        env:
          A: dflt
          NODE_ENV: test
        listen: 127.0.0.1:3000
    "#);
    told(
        &made,
        &[
            "Not taken over: env_file .env, which says TOKEN, LEVEL;",
            "A: The default of ${UNSET:-dflt} is written in its place;",
            "The default of ${MORE:-} is written in its place;",
            "API_URL was http://api; Windlass says it itself",
            "no variable is called so here: b.c",
            "`listen` is one port, the first of its range: 3000-3002:3000-3002",
            "Also published there, and not here: 9:9",
            "Not taken over: volumes, deploy.resources",
            "odd: neither `build` nor `image` says what it is made of",
        ],
    );
    assert!(!made.0.contains("secret"), "{}", made.0);
}

#[test]
fn variables_of_a_dockerfile_are_taken_over_beside_whatever_starts() {
    let docker = "FROM x\nENV A=1 B=\"two words\" \\\n  C=3\nENV MODE production\nENV PATH=/x:$PATH\nUSER app\nCMD [\"./web\", \"two words\"]\n";
    let alone = written(&[("Dockerfile", docker)]);
    insta::assert_snapshot!(bare(&alone), @r#"
    services:
      web:
        run: "./web 'two words'"
        env:
          A: "1"
          B: two words
          C: "3"
          MODE: production
        listen: 127.0.0.1:8080
    "#);
    let remarks = [
        "other variables: ENV PATH=/x:$PATH",
        "Not taken over: USER app",
    ];
    told(&alone, &remarks);
    let beside = written(&[("Dockerfile", docker), ("server.js", "process.env.PORT")]);
    insta::assert_snapshot!(bare(&beside), @r#"
    services:
      web:
        run: node ./server.js
        files:
          - ./server.js
        env:
          NODE_ENV: production
          A: "1"
          B: two words
          C: "3"
          MODE: production
        listen: 127.0.0.1:8080
    "#);
    told(&beside, &remarks);
    let several = [
        ("Dockerfile", docker),
        ("Procfile", "web: ./web\njobs: ./jobs\n"),
    ];
    told(
        &written(&several),
        &["Dockerfile: not taken over: ENV B=two words"],
    );
}

#[test]
fn a_port_that_an_image_fixes_becomes_the_one_that_is_given() {
    let made = written(&[(
        "Dockerfile",
        "FROM x\nEXPOSE 3000\nENV HTTP_PORT=3000\nENTRYPOINT [\"/srv/app\"]\nCMD [\"--listen\",\"0.0.0.0:3000\"]\n",
    )]);
    insta::assert_snapshot!(bare(&made), @r#"
    services:
      web:
        run: /srv/app --listen 127.0.0.1:${PORT}
        env:
          HTTP_PORT: "${PORT}"
        listen: 127.0.0.1:3000
    "#);
    told(&made, &["${PORT} stands where its command said 3000"]);
}

#[test]
fn a_line_of_a_procfile_that_says_nothing_is_told() {
    let made = written(&[("Procfile", "# mine\nweb: ./web -n ${N:-2}\n\nbad line\n")]);
    assert!(made.0.contains("run: ./web -n 2\n"), "{}", made.0);
    told(
        &made,
        &[
            "Procfile, line 4: `bad line` is no NAME: COMMAND",
            "The default of ${N:-2} is written in its place",
        ],
    );
}

#[test]
fn what_can_not_be_read_is_said_with_its_place() {
    let made = written(&[("package.json", "{\n  \"name\" 1\n}"), ("compose.yaml", "")]);
    told(
        &made,
        &[
            "package.json can't be read: expected `:` at line 2 column 10",
            "compose.yaml can't be read: ",
        ],
    );
    let saw = "saw: compose.yaml, package.json, which can't be read, so it is an example\n";
    assert!(made.1.contains(saw), "{}", made.1);
    let made = written(&[
        ("Cargo.toml", "[package]\nname\n"),
        ("compose.yaml", "a: [\n"),
    ]);
    told(
        &made,
        &[
            "Cargo.toml can't be read: line 2: ",
            "compose.yaml can't be read: line ",
        ],
    );
}
