//! Deployments that are asked for again, because whoever was asked is gone.

use std::io::{Read, Write};

use serde_json::{Value, json};

use crate::lab::{Breaks, Following, Lab, Service, answer};

/// Watched for so long.
fn web(bake: &str) -> String {
    format!(
        "\
app: shop
services:
  web: {{ run: ./web, listen: @web, ready: /health/ready, bake: {bake}, drain: 5s }}
"
    )
}

fn live() -> Lab {
    let lab = Lab::new(&web("200ms"));
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab
}

/// Version 2 is watched for ten minutes, and version 3 waits for it.
fn two_bakes_and_three_waits() -> (Lab, Following, Following) {
    let lab = live();
    lab.file(&web("10m"));
    lab.program("web", &Service::new("web", "2"));
    let following = lab.start(&["deploy"]);
    following.until("bake=10m");
    lab.file(&web("200ms"));
    lab.program("web", &Service::new("web", "3"));
    let waiting = lab.start(&["deploy", "--wait", "5m"]);
    waiting.until_said("waits for dep_");
    (lab, following, waiting)
}

/// A deployment as somebody asks for it who has a key.
fn ask(lab: &Lab, key: &str, version: &str) -> Value {
    let body = json!({
        "source": { "file": {
            "text": std::fs::read_to_string(lab.app("windlass.yaml")).unwrap(),
            "name": "windlass.yaml",
            "folder": lab.app("").to_str().unwrap().trim_end_matches('/'),
            "set": [["web", version]],
            "surroundings": { "PATH": std::env::var("PATH").unwrap() },
        } },
        "by": "mira",
    });
    let body = body.to_string();
    let mut stream = lab.private_socket();
    write!(
        stream,
        "POST /v1/deployments HTTP/1.1\r\nHost: windlass\r\nConnection: close\r\n\
         Content-Type: application/json\r\nIdempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();
    let (head, body) = heard.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{heard}");
    serde_json::from_str(body).unwrap()
}

#[test]
fn a_key_that_is_sent_to_the_next_controller_begins_nothing_twice() {
    let lab = live();
    lab.file(&web("10m"));
    lab.program("web", &Service::new("web", "2"));
    let first = ask(&lab, "7f3a", "two");
    assert!(first["deployment"].is_string(), "{first}");
    lab.kill_controller();
    lab.status();
    let again = ask(&lab, "7f3a", "two");
    assert_eq!(again["deployment"], first["deployment"]);
    assert_eq!(again["plan"]["plan"]["id"], first["plan"]["plan"]["id"]);
    let list = lab.run(&["list", "-o", "json"]).exits(0).json();
    assert_eq!(list.as_array().unwrap().len(), 2, "each once: {list:#}");
    lab.run(&["abort"]).exits(0);
}

/// Not of the same person either.
#[test]
fn who_waits_over_a_death_takes_no_other_deployment_for_its_own() {
    let (lab, following, waiting) = two_bakes_and_three_waits();
    let blog = web("200ms").replace("shop", "blog");
    let blog = blog.replace("@web", &lab.at("blog").to_string());
    lab.write("blog.yaml", &blog);
    lab.run(&["deploy", "-f", "blog.yaml"]).exits(0);
    lab.kill_controller();
    waiting.until_said("the controller died, and another one is asked");
    lab.run(&["abort"]).exits(0);
    following.left().exits(3);
    waiting.left().exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=3");
    lab.run(&["down", "-f", "blog.yaml"]).exits(0);
}

#[test]
fn who_waits_outlives_a_controller_that_is_replaced() {
    let (lab, following, waiting) = two_bakes_and_three_waits();
    let replacing = lab.start(&["serve", "--replace"]);
    waiting.until_said("the controller died, and another one is asked");
    lab.run(&["abort"]).exits(0);
    following.left().exits(3);
    waiting.left().exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=3");
    lab.run(&["down"]).exits(0);
    replacing.left().exits(0);
}

/// What is stuck keeps its lock, and can be taken down.
#[test]
fn who_waits_for_what_is_taken_down_is_told_so_and_starts_nothing() {
    let lab = Lab::new(&web("200ms"));
    let flag = lab.tmp().join("needed");
    let needs_flag = Breaks::Without(flag.display().to_string());
    std::fs::write(&flag, "").unwrap();
    lab.program("web", &Service::new("web", "1").breaks(needs_flag));
    lab.deploy();
    lab.program("web", &Service::new("web", "2"));
    lab.deploy();
    lab.run(&["finalize", &lab.last()]).exits(0);
    std::fs::remove_file(&flag).unwrap();
    lab.run(&["rollback"]).exits(6);
    lab.program("web", &Service::new("web", "3"));
    let waiting = lab.start(&["deploy", "--wait", "5m"]);
    waiting.until_said("waits for dep_");
    lab.run(&["down"]).exits(0);
    let left = waiting.left().exits(5);
    left.says(&[
        "error[WL0380]: mira took it down while this waited",
        "nothing was begun",
        "windlass deploy",
    ]);
    lab.must_be_gone();
}
