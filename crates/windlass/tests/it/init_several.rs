//! `windlass init` where several services are in one folder, or in folders below that are no projects.

use crate::init::written;

const API: &str = "\
import os
from http.server import HTTPServer
import store
HTTPServer((\"127.0.0.1\", int(os.environ[\"PORT\"])), store.Handler).serve_forever()
";

const WEB: &str = "\
import os
from http.server import HTTPServer
api = os.environ[\"API_URL\"]
HTTPServer((\"127.0.0.1\", int(os.environ[\"PORT\"])), None).serve_forever()
";

#[test]
fn each_service_of_a_folder_gets_its_own_files_and_needs_whose_address_it_reads() {
    let text = written(&[
        ("api.py", API),
        ("web.py", WEB),
        ("store.py", "Handler = None\n"),
    ]);
    insta::assert_snapshot!(text, @r#"
    app: my-shop

    services:
      # Its port is in the variable PORT.
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

      # Guessed: web.py is started too, as it was seen to listen.
      # Its port is in the variable PORT.
      # It reads API_URL, so it needs api, and gets its address there.
      web:
        needs: [api]
        run: python3 ./web.py
        env:
          PYTHONUNBUFFERED: "1"
        listen: 127.0.0.1:8081   # where the router serves it; 0.0.0.0:8081 for every address
        # ready: /health         # a path that says so; without it an open port is enough
        # bake: 2m               # how long a new release is watched; without it 30s
    "#);
}

#[test]
fn scripts_in_folders_below_are_services_without_any_file_of_a_project() {
    let server = "require('http').createServer().listen(process.env.PORT, process.env.API_URL)\n";
    let text = written(&[
        ("api/api.py", WEB),
        ("web/server.js", server),
        ("notes/readme.py", "print('nothing')\n"),
    ]);
    insta::assert_snapshot!(text, @r#"
    app: my-shop

    services:
      # Its port is in the variable PORT.
      api:
        run: python3 ./api/api.py
        files:                   # the release: this, and the program
          - ./api/api.py
        env:
          PYTHONUNBUFFERED: "1"
        listen: 127.0.0.1:8080   # where the router serves it; 0.0.0.0:8080 for every address
        # ready: /health         # a path that says so; without it an open port is enough
        # bake: 2m               # how long a new release is watched; without it 30s

      # Its port is in the variable PORT.
      # It reads API_URL, so it needs api, and gets its address there.
      web:
        needs: [api]
        run: node ./web/server.js
        files:                   # the release: this, and the program
          - ./web/server.js
        env:
          NODE_ENV: production
        listen: 127.0.0.1:8081   # where the router serves it; 0.0.0.0:8081 for every address
        # ready: /health         # a path that says so; without it an open port is enough
        # bake: 2m               # how long a new release is watched; without it 30s
    "#);
}

#[test]
fn who_is_asked_by_another_listens_and_a_line_for_a_shell_keeps_what_it_runs() {
    let file = written(&[
        (
            "Procfile",
            "web: python3 web.py\napi: python3 api.py\nworker: while true; do python3 work.py; done\nlast: true; true\n",
        ),
        ("web.py", "import os\nprint(os.environ['API_URL'])\n"),
        ("api.py", "import http.server\n"),
        ("work.py", ""),
    ]);
    let of = |service: &str| {
        let begin = format!("  {service}:\n");
        let (_, rest) = file.split_once(&begin).expect(service);
        rest.split("\n\n").next().unwrap_or_default()
    };
    assert!(of("web").contains("needs: [api]"), "{file}");
    assert!(
        of("api").contains("\n    listen: 127.0.0.1:8081 "),
        "{file}"
    );
    assert!(of("worker").contains("- ./work.py"), "{file}");
    assert!(
        file.contains("List in `files:` what it consists of."),
        "{file}"
    );
    for port in [8080, 8081, 8090, 8091] {
        let listen = format!("listen: 127.0.0.1:{port} ");
        assert_eq!(file.matches(&listen).count(), 1, "{port}\n{file}");
    }
}

#[test]
fn a_procfile_in_a_folder_below_is_started_in_that_folder() {
    let text = written(&[
        ("web/Procfile", "web: ./bin/server --port $PORT\n"),
        ("web/bin/server", "#!/bin/sh\n"),
        ("jobs/Procfile", "fast: ./run fast\nslow: ./run slow\n"),
        ("jobs/run", "#!/bin/sh\n"),
    ]);
    insta::assert_snapshot!(text, @r#"
    app: my-shop

    services:
      # It needed a shell, so it names one; a script of its own is better.
      jobs-fast:
        run: "sh -c \"cd ./jobs && exec ./run fast\""
        files:                   # the release: this, and the program
          - ./jobs
        # listen: 127.0.0.1:8090 # if requests come to it

      # It needed a shell, so it names one; a script of its own is better.
      jobs-slow:
        run: "sh -c \"cd ./jobs && exec ./run slow\""
        files:                   # the release: this, and the program
          - ./jobs
        # listen: 127.0.0.1:8091 # if requests come to it

      # It needed a shell, so it names one; a script of its own is better.
      # Its port is in the variable PORT too.
      web:
        run: "sh -c \"cd ./web && exec ./bin/server --port $$PORT\""
        files:                   # the release: this, and the program
          - ./web
        listen: 127.0.0.1:8080   # where the router serves it; 0.0.0.0:8080 for every address
        # ready: /health         # a path that says so; without it an open port is enough
        # bake: 2m               # how long a new release is watched; without it 30s
    "#);
}
