//! What `windlass init` wrote is deployed, and answers.

use std::fs;

use crate::lab::{Lab, answer};

const WEB: &str = "\
const { answer } = require('./parts/answer');
require('node:http').createServer(answer).listen(process.env.PORT, '127.0.0.1');
";

const PARTS: &str = "\
exports.answer = (request, response) => response.setHeader('Version-Chain', 'web=1').end('ok');
";

const API: &str = "\
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

import words


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Version-Chain', words.CHAIN)
        self.send_header('Content-Length', '0')
        self.end_headers()


HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Answer).serve_forever()
";

/// A lab with these files and the file that `init` makes of them, each `8080` of it an address of
/// the lab.
fn begun(files: &[(&str, &str)], services: &[&str]) -> Lab {
    let lab = Lab::empty();
    for (name, text) in files {
        let folder = lab.app(name).parent().unwrap().to_owned();
        fs::create_dir_all(folder).unwrap();
        lab.write(name, text);
    }
    lab.run(&["init"]).exits(0);
    let mut text = fs::read_to_string(lab.app("windlass.yaml")).unwrap();
    for (port, service) in (8080..).zip(services) {
        text = text.replace(&format!("127.0.0.1:{port}"), &lab.at(service).to_string());
    }
    lab.write("windlass.yaml", &text.replace("# bake: 2m", "bake: 500ms"));
    lab
}

#[test]
fn a_project_for_node_runs_as_init_wrote_it() {
    let package = "{\"name\":\"web\",\"scripts\":{\"start\":\"node web.js\"}}";
    let lab = begun(
        &[
            ("package.json", package),
            ("web.js", WEB),
            ("parts/answer.js", PARTS),
        ],
        &["web"],
    );
    lab.deploy();
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
}

#[test]
fn a_project_of_python_runs_as_init_wrote_it() {
    let lab = begun(
        &[
            ("requirements.txt", ""),
            ("api.py", API),
            ("words.py", "CHAIN = 'api=1'\n"),
        ],
        &["api"],
    );
    lab.deploy();
    assert_eq!(answer(lab.at("api")).chain(), "api=1");
}

#[test]
fn projects_in_folders_below_run_together_as_init_wrote_them() {
    let package = "{\"scripts\":{\"start\":\"node web.js\"}}";
    let lab = begun(
        &[
            ("web/package.json", package),
            ("web/web.js", WEB),
            ("web/parts/answer.js", PARTS),
            ("api/requirements.txt", ""),
            ("api/api.py", API),
            ("api/words.py", "CHAIN = 'api=1'\n"),
        ],
        &["api", "web"],
    );
    lab.deploy();
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    assert_eq!(answer(lab.at("api")).chain(), "api=1");
}

#[test]
fn a_script_whose_name_is_full_of_signs_is_run_as_init_wrote_it() {
    let name = "deploy-it's \"my\" $HOME #1: ö.sh";
    let lab = begun(&[(name, "#!/bin/sh\necho $WINDLASS_VERSION >> ran\n")], &[]);
    lab.run(&["deploy"]).exits(0);
    let ran = fs::read_to_string(lab.app("ran"));
    assert_eq!(ran.expect("it ran"), "1\n");
}
