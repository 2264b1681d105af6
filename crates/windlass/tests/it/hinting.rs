//! Commands that a message names: each means what the message is about, typed as it stands.

use crate::lab::{Breaks, Lab, Service};

/// The second environment is there so that none is meant by itself.
const FILE: &str = "\
app: shop
environments:
  staging: { services: { web: { listen: @staging } } }
  production: { services: { web: { listen: @web } } }
services:
  web: { run: ./web, listen: @web, ready: /health/ready, bake: 200ms }
";

/// Verbs that mean the application of the file, unless they name a deployment or a plan.
const OF_THE_FILE: [&str; 10] = [
    "deploy", "down", "events", "logs", "plan", "remove", "rollback", "score", "show", "status",
];

/// What follows a verb that needs neither file nor environment.
const NAMED: [&str; 4] = ["dep_", "--plan", "--all", "--outside"];

/// Every command in a text, from behind the program's name to the end of its line.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    let named = text.split("windlass ").skip(1);
    named.map(|rest| rest.lines().next().unwrap_or_default())
}

/// Its options before the verb, the verb, and what follows.
fn parts(command: &str) -> (Vec<&str>, &str, &str) {
    let (mut options, mut rest) = (Vec::new(), command);
    while rest.starts_with('-') {
        let mut words = rest.splitn(3, ' ');
        options.extend([words.next(), words.next()].into_iter().flatten());
        rest = words.next().unwrap_or_default();
    }
    let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '-');
    let (verb, rest) = rest.split_at(end.unwrap_or(rest.len()));
    (options, verb, rest.trim_start())
}

#[track_caller]
fn each_is_whole(lab: &Lab, words: &[&str]) -> usize {
    let left = lab.run(words);
    let text = [left.out, left.err].concat();
    let mut found = 0;
    for command in commands(&text) {
        let (options, verb, rest) = parts(command);
        let is_named = NAMED.iter().any(|named| rest.starts_with(named));
        if !OF_THE_FILE.contains(&verb) || is_named {
            continue;
        }
        found += 1;
        let whole = ["-f", "other.yaml", "-e", "production"];
        assert!(
            whole.iter().all(|word| options.contains(word)),
            "{words:?} names {command:?}\n{text}"
        );
    }
    found
}

#[test]
fn a_command_that_is_named_means_the_file_and_the_environment_that_it_is_about() {
    let lab = Lab::new(FILE);
    std::fs::rename(lab.app("windlass.yaml"), lab.app("other.yaml")).unwrap();
    let all = |words: &[&str]| each_is_whole(&lab, &[&["-f", "other.yaml"], words].concat());
    let deploy = ["deploy", "-e", "production"];
    lab.program("web", &Service::new("web", "1"));
    all(&deploy);
    lab.program("web", &Service::new("web", "2").breaks(Breaks::AtOnce(7)));
    let mut found = all(&deploy);
    let failed = lab.last();
    let id = failed.as_str();
    for words in [
        &["show", id][..],
        &["show", id, "-o", "json"],
        &["show", id, "--why"],
        &["events", id, "--follow"],
        &["retry", id],
        &["hold", id],
        &["status"],
    ] {
        found += all(words);
    }
    lab.program("web", &Service::new("web", "3"));
    let plan = ["-f", "other.yaml", "plan", "-e", "production", "-o", "json"];
    let plan = lab.run(&plan).exits(0).json();
    let plan = plan["plan"]["id"]
        .as_str()
        .or(plan["id"].as_str())
        .unwrap()
        .to_owned();
    found += all(&["deploy", "--plan", &plan]);
    let promoted = lab.last();
    found += all(&["events", &promoted, "--follow"]);
    found += all(&["abort", &promoted]);
    found += all(&["deploy", "--plan", &plan]);
    found += all(&["rollback", "-e", "production", "--to", "9.9"]);
    assert!(found >= 12, "only {found} commands were seen");
}
