//! What runs is what was kept, whatever happens to the program on disk.

use std::fs;

use serde_json::json;

use crate::lab::{Lab, Process, SOON, Service, answer, ask, compile, eventually, kill};

const WEB: &str = "\
app: shop
services:
  web: { run: ./web, listen: @web, ready: /health/ready, bake: 500ms }
";

/// The port of the one stable instance, and how often it was started again.
fn stable(lab: &Lab) -> (u16, u64) {
    let instance = lab.service("web")["stable"]["instances"][0].clone();
    let address = instance["address"].as_str().unwrap();
    let port = address.rsplit(':').next().unwrap().parse().unwrap();
    (port, instance["restarts"].as_u64().unwrap())
}

/// Kills the stable instance and waits until it is back; its address must be the same.
fn kill_stable(lab: &Lab, find: impl Fn(u16) -> Process) {
    let (port, before) = stable(lab);
    kill(&find(port));
    eventually("it was started again", SOON, || {
        (stable(lab).1 > before).then_some(())
    });
    eventually("it answers", SOON, || {
        ask(lab.at("web"), "/").filter(|answer| answer.status == 200)
    });
    assert_eq!(stable(lab).0, port, "the address stays");
}

#[test]
fn the_promoted_bytes_run_again_after_the_program_was_overwritten() {
    let lab = Lab::new(WEB);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.program("web", &Service::new("web", "2"));
    lab.deploy();

    lab.program("web", &Service::new("web", "3"));
    kill_stable(&lab, |port| lab.instance_at(port));
    assert_eq!(answer(lab.at("web")).chain(), "web=2");

    fs::remove_file(lab.app("web")).unwrap();
    kill_stable(&lab, |port| lab.instance_at(port));
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
}

/// A server whose version is compiled in: as plain as a program can be.
const SERVER: &str = r#"
use std::io::{Read, Write};

fn main() {
    let port = std::env::var("PORT").unwrap();
    let listener = std::net::TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut request = [0; 4096];
        if stream.read(&mut request).is_ok() {
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0";
            let version = concat!("Version-Chain: web=", env!("BUILT_AS"));
            write!(stream, "{head}\r\n{version}\r\n\r\n").ok();
        }
    }
}
"#;

/// Compiles the server over what is at `./web`.
fn build(lab: &Lab, version: &str) {
    compile(lab, "web", SERVER, version);
}

#[test]
fn a_rebuilt_binary_is_a_new_release() {
    let lab = Lab::new(WEB);
    build(&lab, "1");
    lab.deploy();
    assert_eq!(answer(lab.at("web")).chain(), "web=1");

    // While the first one runs: what runs is a copy, so that its file is not busy.
    build(&lab, "2");
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    let plan = lab.run(&["plan", "-o", "json"]).exits(0).json();
    let part = &plan["rollouts"]["web"];
    let was = &part["stable"]["release"]["version"];
    assert_ne!(&part["release"]["version"], was, "{part}");
    lab.deploy();
    assert_eq!(answer(lab.at("web")).chain(), "web=2");

    // A third build that nobody deploys changes nothing that runs or runs again.
    build(&lab, "3");
    let kept = lab.state("releases");
    kill_stable(&lab, |port| {
        let instance = lab.instance_at(port);
        assert!(instance.program().starts_with(&kept), "{instance:?}");
        instance
    });
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
}

#[test]
fn a_label_for_other_bytes_is_refused() {
    let lab = Lab::new(&WEB.replace("run:", "release: { version: \"7\" }, run:"));
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.program("web", &Service::new("web", "2"));
    let left = lab.run(&["deploy"]).exits(65);
    left.says(&["web", "7"]);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
}

#[test]
fn a_new_label_for_the_same_bytes_is_refused_where_nothing_uses_it() {
    let lab = Lab::new(WEB);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    let left = lab.run(&["deploy", "--set", "web=8"]).exits(65);
    left.says(&["web", "nothing uses ${VERSION}"]);
    lab.run(&["deploy", "--set", "wbe=8"])
        .exits(64)
        .says(&["wbe"]);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
}

/// A program from PATH is part of the release, and nobody sees that in the folder.
#[test]
fn another_program_from_the_path_is_named_by_plan_and_deploy() {
    let lab = Lab::new(&WEB.replace("run: ./web", "run: runner ./web"));
    lab.program("web", &Service::new("web", "1"));
    let runner = |text: &str| lab.script("runner", &format!("#!/bin/sh\n{text}exec \"$@\"\n"));
    let path = format!(
        "{}:{}",
        lab.app("").display(),
        std::env::var("PATH").unwrap()
    );
    let run = |words: &[&str]| {
        let mut command = lab.command(words);
        command.env("PATH", &path);
        lab.start_command(command).left()
    };
    runner("");
    run(&["deploy"]).exits(0);
    assert_eq!(run(&["plan", "-o", "json"]).json()["programs"], json!({}));
    runner("# another one\n");
    let plan = run(&["plan"]).exits(0).out;
    let named = format!(
        "its program {} is another one: ",
        lab.app("runner").display()
    );
    let line = plan.lines().find(|line| line.contains(&named));
    let line = line.unwrap_or_else(|| panic!("{named} is not in: {plan}"));
    assert!(line.ends_with(", and nothing else is new"), "{line}");
    let json = run(&["plan", "-o", "json"]).exits(0).json();
    let other = &json["programs"]["web"];
    let short = |which: &str| {
        let whole = other[which]["sha256"].as_str().unwrap();
        whole.chars().take(10).collect::<String>()
    };
    let digests = format!("{} → {}", short("was"), short("now"));
    assert!(line.contains(&digests), "{digests}: {line}");
    run(&["deploy"]).exits(0).says(&[&named]);
    let show = run(&["show"]).exits(0).out;
    let told = format!("web is new: {named}{digests}\n");
    assert!(show.contains(&told), "{told} is not in: {show}");
}

#[test]
fn what_made_a_release_new_is_told_of_each_deployment_and_no_value_with_it() {
    let with = |env: &str| WEB.replace("bake: 500ms", &format!("bake: 100ms, env: {env}"));
    let lab = Lab::new(&with("{ LEVEL: info, TOKEN: \"${TOKEN}\" }"));
    let deploy = |token: &str| {
        let mut command = lab.command(&["deploy"]);
        command.env("TOKEN", token);
        lab.start_command(command).left().exits(0);
        lab.run(&["show"]).exits(0).out
    };
    lab.program("web", &Service::new("web", "1"));
    let first = deploy("one");
    assert!(!first.contains("is new"), "{first}");
    let value = deploy("hunter2");
    let told = "web is new: a value of the deployer's environment is another";
    assert!(
        value.contains(told) && !value.contains("hunter2"),
        "{value}"
    );
    lab.program("web", &Service::new("web", "2"));
    lab.file(&with("{ LEVEL: debug, TOKEN: \"${TOKEN}\", PLACE: here }"));
    let both = deploy("hunter2");
    let told = "web is new: its files are others; `env` is another (LEVEL, PLACE)\n";
    assert!(both.contains(told), "{both}");
    let json = lab.run(&["show", "-o", "json"]).exits(0).json();
    let new = &json["services"]["web"]["new"];
    assert_eq!(new[0], json!({ "new": "files" }), "{json:#}");
    assert_eq!(new[1]["names"], json!(["LEVEL", "PLACE"]), "{json:#}");
    // A way back is no step forward.
    lab.run(&["rollback"]).exits(0);
    let back = lab.run(&["show"]).exits(0).out;
    assert!(!back.contains("is new"), "{back}");
}

/// Nobody is to meet the second only when the first is mended.
#[test]
fn all_that_is_wrong_with_programs_and_files_is_told_at_once_and_where() {
    const FILE: &str = "\
app: shop
services:
  api:
    run: ./nosuch --port ${PORTT}
    files: [./nodir]
    listen: @api
  web:
    run: ./web
    listen: @web
";
    let lab = Lab::new(FILE);
    // Neither executable nor a program.
    lab.write("web", "echo hello");
    let api = "windlass.yaml:4:10: api: ./nosuch is missing; ./nodir is missing (in `files:`)";
    let api = api.replace("./nosuch", "the program ./nosuch");
    let web = "windlass.yaml:8:10: web: the program ./web is not executable: chmod +x ./web; the program ./web is \
               neither a binary of this system nor a script that begins with #!";
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let first = words(&lab.run(&["deploy"]).exits(65).err);
    for part in [
        "`PORTT` is not set",
        "did you mean ${PORT}?",
        "the program ./nosuch is missing; ./nodir is missing",
        "the program ./web is not executable",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    lab.file(&FILE.replace("PORTT", "PORT"));
    let then = words(&lab.run(&["deploy"]).exits(65).err);
    for part in ["WL0311", &api, web] {
        assert!(then.contains(part), "{part}: {then}");
    }
}
