//! A script that says how it gets on.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::{Value, json};

use crate::lab::{Lab, Left, SOON, eventually, kill, repository};

/// Says what it does, writes down what it was given, and goes on until it is told to end.
const DEPLOY: &str = "#!/bin/sh
set -e
# Kept for the test; the token itself is never written down by Windlass.
env > told-$WINDLASS_VERSION
tr '\\0' '\\n' < /proc/$$/cmdline > line-$WINDLASS_VERSION
WINDLASS report phase build
WINDLASS report progress 40
WINDLASS report log \"$(printf 'copied 3 of 9 \\351')\"
WINDLASS report metric rows 12.5
touch said-$WINDLASS_VERSION
while ! [ -e go-$WINDLASS_VERSION ]; do sleep 0.02; done
WINDLASS report phase verify
WINDLASS report progress 90%
";

const FILE: &str = "\
app: shop
services:
  legacy:
    release: { version: \"1\" }
    bake: 200ms
    target: { command: { deploy: ./deploy, pass: both, stop: { within: 5s } } }
";

fn lab(file: &str) -> Lab {
    let lab = Lab::new(file);
    let windlass = lab.binary().display().to_string();
    lab.script(
        "deploy",
        &DEPLOY.replace("WINDLASS report", &format!("{windlass} report")),
    );
    lab
}

/// A run of `version` that has said its first words; returns its deployment.
fn speaking(lab: &Lab, version: &str) -> String {
    let set = format!("legacy={version}");
    lab.run(&["deploy", "--detach", "--set", &set]).exits(0);
    let said = lab.app(&format!("said-{version}"));
    eventually("it has spoken", SOON, || said.exists().then_some(()));
    lab.last()
}

fn told(lab: &Lab, version: &str, name: &str) -> String {
    let all = fs::read_to_string(lab.app(&format!("told-{version}"))).unwrap();
    let start = format!("{name}=");
    let line = all.lines().find_map(|line| line.strip_prefix(&start));
    line.unwrap_or_else(|| panic!("no {name} in {all}"))
        .to_owned()
}

fn go(lab: &Lab, version: &str) {
    lab.write(&format!("go-{version}"), "");
}

/// Asks one of a run's URLs; its status and body.
fn ask(verb: &str, url: &str, token: Option<&str>, body: &str) -> (u16, Value) {
    let (address, path) = split(url);
    let mut stream = TcpStream::connect(address).unwrap();
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
    let head = format!(
        "{verb} {path} HTTP/1.1\r\nHost: w\r\nConnection: close\r\n{}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        token.unwrap_or_default(),
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

fn split(url: &str) -> (SocketAddr, &str) {
    let rest = url.strip_prefix("http://").unwrap();
    let at = rest.find('/').unwrap();
    let (address, path) = rest.split_at(at);
    (address.parse().unwrap(), path)
}

/// The status and code of a refusal.
fn refusal(url: &str, token: Option<&str>, body: &str) -> (u16, String) {
    let (status, problem) = ask("POST", url, token, body);
    (status, problem["code"].as_str().unwrap_or("").to_owned())
}

trait Tells {
    fn tells(self, texts: &[&str]);
}

impl Tells for Left {
    /// Ended well, and has each of these in what it printed.
    #[track_caller]
    fn tells(self, texts: &[&str]) {
        let out = self.exits(0).out;
        for text in texts {
            assert!(out.contains(text), "{text:?} is not in: {out}");
        }
    }
}

fn reported(lab: &Lab, id: &str) -> Value {
    let view = lab.run(&["show", id, "-o", "json"]).exits(0).json();
    view["services"]["legacy"]["reported"].clone()
}

#[test]
fn what_a_script_reports_is_seen_wherever_one_looks() {
    let lab = lab(FILE);
    let id = speaking(&lab, "1");
    assert_eq!(
        reported(&lab, &id),
        json!({ "phase": "build", "progress": 40, "metrics": { "rows": 12.5 } })
    );
    lab.run(&["show", &id]).tells(&["build 40 %", "rows 12.5"]);
    lab.run(&["logs", "legacy"]).tells(&["copied 3 of 9"]);
    go(&lab, "1");
    lab.run(&["events", &id, "--follow"]).tells(&[
        "legacy reports phase=\"build\"",
        "legacy reports progress=40%",
        // What a program printed in another encoding is no reason to fail.
        "legacy reports log=\"copied 3 of 9 \u{fffd}\"",
        "legacy reports metric=rows value=12.5",
        "legacy reports phase=\"verify\"",
    ]);
    let lines = lab
        .run(&["events", &id, "-o", "ndjson"])
        .exits(0)
        .json_lines();
    let facts = lines
        .iter()
        .flat_map(|line| line["facts"].as_array().unwrap());
    let reports = facts.filter(|fact| fact["fact"] == "reported").count();
    assert_eq!(reports, 6);
}

#[test]
fn a_script_is_told_by_variables_and_flags_and_its_token_by_neither_file_nor_flag() {
    let lab = lab(FILE);
    let id = speaking(&lab, "1");
    let endpoint = told(&lab, "1", "WINDLASS_COORDINATION_ENDPOINT");
    let health = told(&lab, "1", "WINDLASS_HEALTH_MONITOR");
    let token = told(&lab, "1", "WINDLASS_TOKEN");
    assert_eq!(told(&lab, "1", "WINDLASS_DEPLOYMENT_ID"), id);
    assert_eq!(told(&lab, "1", "WINDLASS_ATTEMPT"), "1");
    let line = fs::read_to_string(lab.app("line-1")).unwrap();
    let flags: Vec<&str> = line.lines().skip(2).collect();
    assert_eq!(
        flags,
        [
            "--orchestrated",
            "--deployment-id",
            &id,
            "--coordination-endpoint",
            &endpoint,
            "--health-monitor",
            &health,
        ]
    );
    for process in lab.processes() {
        assert!(!process.line.iter().any(|word| word.contains(&token)));
    }
    let found = holding(&lab.state(""), &token);
    assert!(found.is_empty(), "{found:?}");
    go(&lab, "1");
    lab.run(&["events", &id, "--follow"]).exits(0);
}

#[test]
fn a_script_that_wants_flags_only_gets_no_variables_that_say_the_same() {
    let lab = lab(&FILE.replace("both", "flags"));
    let script = fs::read_to_string(lab.app("deploy")).unwrap();
    let script = script.replace(" report ", " report --coordination-endpoint \"$5\" ");
    lab.script("deploy", &script);
    let id = speaking(&lab, "1");
    let env = fs::read_to_string(lab.app("told-1")).unwrap();
    assert!(env.contains("WINDLASS_TOKEN=wlr_"), "{env}");
    for name in ["DEPLOYMENT_ID", "COORDINATION_ENDPOINT", "HEALTH_MONITOR"] {
        assert!(!env.contains(&format!("WINDLASS_{name}=")), "{env}");
    }
    assert_eq!(reported(&lab, &id)["phase"], "build");
    go(&lab, "1");
    lab.run(&["events", &id, "--follow"]).exits(0);
}

/// Files below `folder` that have `text` in them.
fn holding(folder: &std::path::Path, text: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let kind = fs::symlink_metadata(&path).unwrap().file_type();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                let bytes = fs::read(&path).unwrap();
                let hit = bytes
                    .windows(text.len())
                    .any(|part| part == text.as_bytes());
                found.extend(hit.then_some(path));
            }
        }
    }
    found
}

#[test]
fn a_token_is_good_for_its_own_deployment_until_that_has_ended() {
    let lab = lab(FILE);
    let first = speaking(&lab, "1");
    let old = told(&lab, "1", "WINDLASS_TOKEN");
    go(&lab, "1");
    lab.run(&["events", &first, "--follow"]).exits(0);
    let closed = told(&lab, "1", "WINDLASS_COORDINATION_ENDPOINT");
    assert!(
        TcpStream::connect(split(&closed).0).is_err(),
        "it is closed"
    );

    let second = speaking(&lab, "2");
    let url = told(&lab, "2", "WINDLASS_COORDINATION_ENDPOINT");
    let token = told(&lab, "2", "WINDLASS_TOKEN");
    let body = r#"{"log": "by hand"}"#;
    let is = |status, code: &str| (status, code.to_owned());
    assert_eq!(refusal(&url, None, body), is(401, "WL0366"));
    assert_eq!(refusal(&url, Some("wlr_wrong"), body), is(401, "WL0366"));
    let forged = token.replacen(&second, &first, 1);
    assert_eq!(refusal(&url, Some(&forged), body), is(401, "WL0366"));
    // One of another deployment, at this one's door and at its own place behind it.
    assert_eq!(refusal(&url, Some(&old), body), is(403, "WL0367"));
    let theirs = url.replacen(&second, &first, 1);
    assert_eq!(refusal(&theirs, Some(&old), body), is(403, "WL0377"));
    assert_eq!(refusal(&theirs, Some(&token), body), is(403, "WL0367"));
    // And nothing else is open to it.
    let whole = format!("http://{}/v1/status", split(&url).0);
    assert_eq!(ask("GET", &whole, Some(&token), "").0, 403);
    for (bad, code) in [
        (r#"{"progress": 101}"#, "WL0360"),
        (r#"{"fase": "x"}"#, "WL0490"),
        ("nonsense", "WL0360"),
    ] {
        assert_eq!(refusal(&url, Some(&token), bad), is(400, code), "{bad}");
    }
    assert_eq!(refusal(&url, Some(&token), "{}"), is(422, "WL0474"));
    let long = format!(r#"{{"log": "{}"}}"#, "x".repeat(20_000));
    assert_eq!(refusal(&url, Some(&token), &long), is(413, "WL0363"));
    let kept = ask("POST", &url, Some(&token), body);
    assert_eq!(kept, (200, json!({ "kept": true })));
    go(&lab, "2");
    lab.run(&["events", &second, "--follow"])
        .tells(&["by hand"]);
}

#[test]
fn a_script_learns_that_it_is_no_longer_wanted() {
    let lab = lab(FILE);
    let id = speaking(&lab, "1");
    let url = told(&lab, "1", "WINDLASS_HEALTH_MONITOR");
    let token = told(&lab, "1", "WINDLASS_TOKEN");
    let (status, seen) = ask("GET", &url, Some(&token), "");
    assert_eq!(
        (status, &seen["wanted"], &seen["state"]),
        (200, &json!(true), &json!("running"))
    );
    lab.run(&["hold", &id]).exits(0);
    lab.run(&["halt"]).exits(0);
    let (_, seen) = ask("GET", &url, Some(&token), "");
    assert_eq!(
        (&seen["state"], &seen["halted"]),
        (&json!("held"), &json!(true))
    );
    lab.run(&["halt", "--lift"]).exits(0);
    lab.run(&["abort", &id]);
    lab.run(&["events", &id, "--follow"]);
    assert!(
        !lab.processes()
            .iter()
            .any(|one| one.line.iter().any(|word| word.ends_with("/deploy")))
    );
}

#[test]
fn what_is_reported_after_the_death_of_the_controller_arrives() {
    let lab = lab(FILE);
    let id = speaking(&lab, "1");
    kill(&lab.only("serve"));
    go(&lab, "1");
    lab.run(&["events", &id, "--follow"]).tells(&[
        "legacy reports phase=\"build\"",
        "legacy reports phase=\"verify\"",
        "legacy reports progress=90%",
        "result=promoted",
    ]);
}

#[test]
fn a_script_whose_address_was_taken_meanwhile_goes_on_and_is_heard_again_once_it_is_free() {
    let lab = lab(FILE);
    let script = fs::read_to_string(lab.app("deploy")).unwrap();
    let (before, _) = script.split_once("done\n").unwrap();
    lab.script("deploy", &format!("{before}done\n"));
    let id = speaking(&lab, "1");
    let url = told(&lab, "1", "WINDLASS_COORDINATION_ENDPOINT");
    kill(&lab.only("serve"));
    let taken = eventually("the address is free", SOON, || {
        TcpListener::bind(split(&url).0).ok()
    });
    let following = lab.start(&["events", &id, "--follow"]);
    following.until("legacy reports=lost reason=\"can't listen at");
    drop(taken);
    following.until("legacy reports=heard");
    let token = told(&lab, "1", "WINDLASS_TOKEN");
    let kept = ask("POST", &url, Some(&token), r#"{"log": "by hand"}"#);
    assert_eq!(kept.0, 200);
    go(&lab, "1");
    following.left().tells(&["by hand", "result=promoted"]);
}

#[test]
fn outside_of_a_run_there_is_nobody_to_report_to() {
    let lab = Lab::empty();
    let said = lab.run(&["report", "phase", "build"]).exits(64);
    said.says(&[
        "error[WL0415]: there is nobody to report to",
        "WINDLASS_TOKEN",
    ]);
    assert!(lab.is_untouched(), "and nothing is begun");
}

#[test]
fn what_is_reported_stands_among_what_is_printed_in_the_order_of_the_times() {
    let lab = Lab::new(FILE);
    let windlass = lab.binary().display();
    // What follows is printed once the times of what was printed before are noted.
    let script = format!(
        "#!/bin/sh\necho begins\n{windlass} report log counted\n\
         while ! [ -e go ]; do sleep 0.02; done\necho ends >&2\n"
    );
    lab.script("deploy", &script);
    lab.run(&["deploy", "--detach"]).exits(0);
    eventually("it was noted", SOON, || {
        let lines = lab.run(&["logs", "legacy", "-o", "json"]).json();
        let lines = lines.as_array().unwrap();
        let says = |text: &str| lines.iter().find(|line| line["text"] == text).cloned();
        let (begins, counted) = (says("begins")?, says("counted")?);
        (begins["at_us"].is_i64() && counted["at_us"].is_i64()).then_some(())
    });
    lab.write("go", "");
    lab.run(&["events", &lab.last(), "--follow"]).exits(0);
    let lines = lab.run(&["logs", "legacy", "-o", "json"]).exits(0).json();
    let lines = lines.as_array().expect("one value").clone();
    let times: Vec<Option<i64>> = lines.iter().map(|line| line["at_us"].as_i64()).collect();
    assert!(times.is_sorted(), "{lines:?}");
    assert_eq!(lines.last().map(|line| &line["text"]), Some(&json!("ends")));
    assert!(lines.iter().all(|line| line["type"] == "log"), "{lines:?}");
    let each = lab.run(&["logs", "legacy", "-o", "ndjson"]).json_lines();
    // Of a line that has just come the time may be known more exactly meanwhile.
    assert_eq!(each.len(), lines.len(), "one object a line");
}

#[test]
fn the_lines_of_the_page_say_what_they_should() {
    let page = fs::read_to_string(repository("docs/howto/wrap-a-script.md")).unwrap();
    let reports = |line: &&str| line.starts_with("windlass report ") || line.starts_with("printf ");
    let lines: Vec<&str> = page.lines().filter(reports).collect();
    assert_eq!(lines.len(), 6, "{lines:?}");
    let lab = Lab::new(FILE);
    let windlass = lab.binary().display();
    let script = format!(
        "#!/bin/sh\nset -e\nwindlass() {{ {windlass} \"$@\"; }}\n{}\n",
        lines.join("\n")
    );
    lab.script("deploy", &script);
    lab.deploy();
    lab.run(&["events", &lab.last()]).tells(&[
        "reports phase=\"migrate\"",
        "reports progress=40%",
        "reports log=\"copied 3 of 9 tables\"",
        "reports metric=rows value=1200",
    ]);
    lab.run(&["logs", "legacy"])
        .tells(&["\"kept\":true", "\"wanted\":true"]);
}
