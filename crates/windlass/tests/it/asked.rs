//! Questions come after what would refuse them, name what they are about, and hold for nothing else; what
//! can be known before is said before; what was taken down, failed or left empty is called so.

use std::fs::File;
use std::io::Write as _;
use std::process::Command;

use serde_json::Value;

use crate::lab::{Breaks, Lab, Left, Service};

const WEB: &str = "\
app: shop
services:
  web:
    run: ./web
    listen: @web
    ready: /health/ready
    bake: 200ms
    drain: 5s
";

const LEGACY: &str = "\
app: shop
defaults: { bake: 100ms, drain: 1s }
services:
  legacy:
    release: { version: \"1\" }
    target: { command: { deploy: ./deploy } }
  web:
    run: ../tmp/web
    files: [./deploy]
    listen: @web
    ready: /health/ready
";

/// What is printed before each answer.
const ASKED: &str = "[y/N]";

impl Lab {
    /// Runs a command on a terminal of its own, with somebody who answers so to what is asked.
    #[track_caller]
    fn on_a_terminal(&self, words: &str, answer: &str) -> Left {
        let script =
            format!("export WL=\"$0\"; echo {answer} | script -qefc '\"$WL\" {words}' /dev/null");
        self.start_command(self.shell(&script)).left()
    }

    /// The same on one of 80 columns, with somebody who presses these keys once they are asked, and what the
    /// terminal is set to after it.
    #[track_caller]
    fn at_a_question(&self, words: &str, keys: &str) -> Left {
        let typed = self.tmp().join("typed");
        if !typed.exists() {
            let made = Command::new("mkfifo").arg(&typed).status();
            assert!(made.unwrap().success());
        }
        let script = format!(
            "export WL=\"$0\"; script -qefc 'stty cols 80 rows 24; \"$WL\" {words}; code=$?; \
             stty -a; exit $code' /dev/null < {}",
            typed.display()
        );
        let asked = self.start_command(self.shell(&script));
        let mut typing = File::create(&typed).unwrap();
        asked.until(ASKED);
        typing.write_all(keys.as_bytes()).unwrap();
        asked.left()
    }
}

/// A lab in which two versions of `web` were promoted.
fn two() -> Lab {
    let lab = Lab::new(WEB);
    for version in ["1", "2"] {
        lab.program("web", &Service::new("web", version));
        lab.deploy();
    }
    lab
}

/// The versions that serve and that stand by.
fn versions(lab: &Lab) -> (String, String) {
    let web = lab.service("web");
    let of = |role: &str| web[role]["version"].as_str().unwrap().to_owned();
    (of("stable"), of("standby"))
}

/// A text without the ends of lines that the width of a terminal has brought.
fn unbroken(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn refused_unasked(left: &Left, code: i32, texts: &[&str]) {
    assert_eq!(left.code, code, "{}", left.out);
    assert!(!left.out.contains(ASKED), "{}", left.out);
    for text in texts {
        assert!(left.out.contains(text), "{text:?} is not in: {}", left.out);
    }
}

#[test]
fn what_would_be_refused_is_refused_before_anybody_is_asked() {
    let lab = two();
    let terminal = |words: &str| lab.on_a_terminal(words, "y");
    refused_unasked(
        &terminal("rollback wbe"),
        64,
        &["WL0308", "did you mean web?"],
    );
    refused_unasked(&terminal("rollback web --to 9.9"), 5, &["WL0345"]);
    refused_unasked(&terminal("remove other"), 64, &["WL0308"]);
    lab.file(&WEB.replace("200ms", "10m"));
    lab.program("web", &Service::new("web", "3"));
    lab.run(&["deploy", "--detach"]).exits(0);
    let id = lab.last();
    lab.program("web", &Service::new("web", "4"));
    for words in ["deploy", "down"] {
        refused_unasked(&terminal(words), 5, &["WL0304", &id]);
    }
    refused_unasked(&terminal("rollback --to 9.9"), 5, &["WL0353", &id]);
    let hint = " windlass rollback web --to 9.9";
    refused_unasked(&terminal("rollback web --to 9.9"), 5, &["WL0353", hint]);
    let all = lab.run(&["list", "-o", "json"]).exits(0).json();
    assert_eq!(all.as_array().unwrap().len(), 3, "nothing has begun: {all}");
    lab.run(&["abort", &id]).exits(0);
}

#[test]
fn a_question_names_services_versions_and_shares() {
    let lab = two();
    let (stable, standby) = versions(&lab);
    let asks = |words: &str, question: &str| {
        let left = lab.on_a_terminal(words, "n").exits(5);
        let said = unbroken(&left.out);
        assert!(said.contains(question), "{question:?}: {said}");
        assert!(
            said.contains("what runs goes on, and so does its traffic"),
            "{said}"
        );
        assert!(!said.contains("error"), "{said}");
    };
    asks(
        "rollback",
        &format!(
            "Roll back shop in default, at once: web {stable} → {standby} (100 % of requests)? {ASKED}"
        ),
    );
    asks(
        "down",
        &format!("End shop in default (web {stable})? Nothing of it answers after that. {ASKED}"),
    );
    let steps = "strategy: { canary: [{ to: 25%, bake: 10m }, { to: 100%, bake: 1s }] }";
    lab.file(&format!("{WEB}    {steps}\n"));
    lab.program("web", &Service::new("web", "3"));
    let left = lab.on_a_terminal("deploy", "n").exits(5);
    let begins = format!("Deploy shop to default: web {stable} → ");
    assert!(left.out.contains(&begins), "{}", left.out);
    assert!(
        unbroken(&left.out).contains(" (25 → 100 % of requests)? "),
        "{}",
        left.out
    );
    lab.run(&["deploy", "--detach"]).exits(0);
    let (id, new) = (lab.last(), left.out.split(&begins).nth(1).unwrap());
    let new = new.split(' ').next().unwrap();
    asks(
        "rollback",
        &format!("Abort {id}, which runs in shop in default: web {new} → {stable}"),
    );
    asks(
        "deploy --supersede",
        &format!("Abort {id}, which runs in shop in default: web {new}"),
    );
    lab.run(&["abort", &id]).exits(0);
    let serves = lab.service("web")["stable"]["version"].clone();
    assert_eq!(serves, stable.as_str(), "nobody said yes");
}

#[test]
fn a_yes_on_a_terminal_carries_out_what_was_shown() {
    let lab = two();
    let (_, standby) = versions(&lab);
    let left = lab.on_a_terminal("rollback --detach", "y").exits(0);
    assert_eq!(
        left.out.matches("back to the standby").count(),
        1,
        "{}",
        left.out
    );
    lab.run(&["events", &lab.last(), "--follow"]).exits(0);
    assert_eq!(lab.service("web")["stable"]["version"], standby.as_str());
}

#[test]
fn a_release_that_could_not_be_started_again_is_told_before_it_is_left() {
    let lab = Lab::new(LEGACY);
    let outside = |version: &str| {
        let script = Service::new("web", version).script(lab.binary());
        lab.script("../tmp/web", &script);
    };
    let file = LEGACY.replace("../tmp/web", &lab.tmp().join("web").display().to_string());
    lab.file(&file);
    lab.script("deploy", "#!/bin/sh\nexit 0\n");
    outside("1");
    lab.deploy();
    let web = lab.service("web")["stable"]["version"].clone();
    let web = web.as_str().unwrap();
    lab.script("deploy", "#!/bin/sh\necho 2\nexit 0\n");
    outside("2");
    lab.file(&file.replace("\"1\"", "\"2\""));
    let plan = lab.run(&["plan"]).exits(0);
    let said = plan.out.split("way back: ").nth(1).unwrap_or(&plan.out);
    let (deploy, program) = (lab.app("deploy"), lab.tmp().join("web"));
    let told = [
        "until promotion; on a failure everything goes back, but not legacy\n".to_owned(),
        format!(
            "no way back to legacy 1: {} is not what it was when version 1 was deployed\n",
            deploy.display()
        ),
        format!(
            "no way back to web {web} once it has ended: the program {} is not what it was when \
             release {web} was kept\n",
            program.display()
        ),
    ];
    for line in &told {
        assert!(said.contains(line), "{line:?} is not in: {}", plan.out);
    }
    assert!(plan.out.contains("(no undo: see way back)"), "{}", plan.out);
    let json = lab.run(&["plan", "-o", "json"]).exits(0).json();
    assert_eq!(json["no_start"]["legacy"]["version"], "1", "{json}");
    let left = lab.deploy();
    assert!(left.err.contains(&told[1]), "{}", left.err);
    // What it said is what a rollback finds.
    let refused = lab.run(&["rollback"]).exits(5);
    refused.says(&["WL0346", "legacy 1 can't be started again"]);
}

#[test]
fn a_rollback_that_could_not_start_its_release_is_refused_and_one_that_starts_nothing_is_not() {
    let lab = Lab::new(WEB);
    let program = lab.tmp().join("web");
    let shown = program.display().to_string();
    let run = format!("{shown}\n    files: [./notes]");
    lab.file(&WEB.replace("./web", &run));
    lab.script("notes", "kept\n");
    for version in ["1", "2"] {
        let script = Service::new("web", version).script(lab.binary());
        lab.script("../tmp/web", &script);
        lab.deploy();
    }
    let (new, old) = versions(&lab);
    // The standby is warm, so nothing is started; what is left could be no more.
    std::fs::remove_file(&program).unwrap();
    let back = lab.run(&["rollback", "--yes"]).exits(0);
    let left = format!("web {new}, which is left, can't be started again: the program {shown}");
    assert!(back.err.contains(&left), "{}", back.err);
    assert_eq!(lab.service("web")["stable"]["version"], old.as_str());
    lab.run(&["finalize", &lab.last()]).exits(0);
    let begun = lab.run(&["list", "-o", "json"]).exits(0).json();
    let refused = format!("web {new} can't be started again: the program {shown} can't be read");
    let to = ["rollback", "web", "--to", &new];
    lab.run(&to).exits(5).says(&["WL0346", &refused]);
    let asked = lab.on_a_terminal(&to.join(" "), "y");
    refused_unasked(&asked, 5, &["WL0346"]);
    lab.script("../tmp/web", "#!/bin/sh\nexit 1\n");
    let other = format!("the program {shown} is not what it was when release {new} was kept");
    lab.run(&to).exits(5).says(&["WL0346", &other]);
    let none = lab.run(&["rollback", "--to", "9.9"]).exits(5);
    none.says(&[&format!("rollback web --to {new}: {other}")]);
    let now = lab.run(&["list", "-o", "json"]).exits(0).json();
    assert_eq!(now, begun, "nothing has begun");
    assert_eq!(lab.service("web")["stable"]["version"], old.as_str());
}

#[test]
fn a_release_whose_files_are_kept_has_its_way_back_though_its_program_was_edited() {
    let lab = Lab::new(WEB);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.script("web", &Service::new("web", "2").script(lab.binary()));
    let plan = lab.run(&["plan"]).exits(0);
    let told = "way back: until promotion; on a failure everything goes back\n\ncarry out";
    assert!(plan.out.contains(told), "{}", plan.out);
}

#[test]
fn after_down_every_message_says_who_did_it_and_what_brings_it_up() {
    let lab = two();
    let id = lab.last();
    lab.run(&["down"]).exits(0);
    let again = "windlass deploy";
    let says = |words: &[&str], code: i32, texts: &[&str]| {
        let left = lab.run(words).exits(code);
        let said = [left.out, left.err].concat();
        for text in texts {
            assert!(said.contains(text), "{words:?}: {text:?} is not in: {said}");
        }
        for wrong in [
            "WL0344",
            "to go back from it: windlass rollback",
            "starts it again",
        ] {
            assert!(!said.contains(wrong), "{words:?}: {wrong:?} is in: {said}");
        }
    };
    let whole = "shop in default was taken down 0s ago by mira";
    let whole = whole.split(" 0s").next().unwrap();
    says(&["rollback"], 5, &["WL0453", whole, "ago by mira", again]);
    says(
        &["rollback", "web"],
        5,
        &["WL0453", "web was taken down", again],
    );
    says(&["rollback", "--to", "9.9"], 5, &["WL0453", whole, again]);
    for verb in ["hold", "resume", "promote", "abort"] {
        says(
            &[verb, &id],
            5,
            &["WL0313", "was taken down", "by mira", again],
        );
    }
    says(
        &["retry", &id],
        5,
        &["WL0305", "was taken down", "by mira", again],
    );
    says(
        &["finalize", &id],
        0,
        &["taken down at ", " by mira", again],
    );
    says(
        &["show", &id],
        0,
        &["nothing of it runs: taken down at ", " by mira"],
    );
    says(&["show", &id], 0, &["next: windlass deploy\n"]);
    says(
        &["status"],
        0,
        &[
            "nothing runs: taken down at ",
            " by mira\nnext: windlass deploy\n",
        ],
    );
    lab.deploy();
    assert!(lab.service("web")["down"].is_null(), "{}", lab.status());
    lab.run(&["rollback"]).exits(0);
}

#[test]
fn what_failed_after_down_is_told_as_a_failure_and_not_as_taken_down() {
    let lab = two();
    lab.run(&["down"]).exits(0);
    lab.script("web", "#!/bin/sh\nexit 3\n");
    lab.run(&["deploy"]).exits(1);
    let id = lab.last();
    let shown = lab.run(&["show", &id]).exits(0).out;
    assert!(!shown.contains("taken down"), "{shown}");
    let next = format!(
        "next: windlass logs web\n      windlass show {id} --why\n      windlass events {id}\n"
    );
    assert!(shown.ends_with(&next), "{shown}");
    let shown = lab.run(&["show", &id, "-o", "json"]).exits(0).json();
    let hint = shown["problem"]["hint"].as_str().unwrap();
    for names in ["windlass logs web", &format!("windlass retry {id}")] {
        assert!(hint.contains(names), "{names:?} is not in: {hint}");
    }
    let over = lab.run(&["abort", &id]).exits(5);
    assert!(!over.err.contains("taken down"), "{}", over.err);
    over.says(&["WL0313", "it failed, and nothing ran before"]);
    over.says(&[&format!("windlass retry {id}")]);
}

#[test]
fn a_candidate_that_is_kept_after_down_runs_and_is_not_told_as_taken_down() {
    let lab = two();
    lab.run(&["down"]).exits(0);
    let probe = "probes: { ready: { http: /, every: 100ms, timeout: 1s, fall: 2, within: 2s } }";
    lab.file(&WEB.replace("ready: /health/ready", probe));
    lab.program("web", &Service::new("web", "3").breaks(Breaks::Always));
    lab.run(&["deploy", "--keep-failed"]).exits(1);
    let id = lab.last();
    let refused = lab.run(&["rollback", "web"]).exits(5);
    refused.says(&["WL0354", &format!("drop it: windlass finalize {id}")]);
    lab.run(&["rollback"]).exits(5).says(&["WL0344"]);
    lab.run(&["finalize", &id]).exits(0);
    lab.run(&["rollback"]).exits(5).says(&["WL0453"]);
}

#[test]
fn what_is_left_empty_names_nothing() {
    let lab = two();
    let before = lab.status();
    for words in [
        &["rollback", "--to", ""][..],
        &["rollback", "--to", " "],
        &["rollback", ""],
        &["rollback", "we b"],
        &["remove", ""],
        &["logs", ""],
        &["show", ""],
        &["abort", ""],
        &["promote", " "],
        &["finalize", ""],
        &["retry", ""],
        &["deploy", "--plan", ""],
        &["-e", "", "status"],
        &["--server", "", "status"],
        &["--state-dir", "", "status"],
        &["explain", ""],
        &["docs", ""],
        &["token", "revoke", ""],
    ] {
        lab.run(words).exits(64).says(&["WL0434"]);
    }
    let mut empty = lab.command(&["status"]);
    empty.env("WINDLASS_STATE_DIR", "");
    let left = lab.start_command(empty).left().exits(64);
    left.says(&["the variable WINDLASS_STATE_DIR is empty"]);
    assert_eq!(lab.status()[0]["revision"], before[0]["revision"]);
}

#[test]
fn a_deployment_that_failed_says_in_json_why_where_and_what_next() {
    let lab = two();
    let (stable, _) = versions(&lab);
    lab.script("web", "#!/bin/sh\nexit 3\n");
    let ended = lab.run(&["deploy", "-o", "json"]).exits(3).json();
    let why = |problem: &Value| {
        assert_eq!(problem["code"], "WL0402", "{problem}");
        assert_eq!(problem["exit"], 3);
        let title = "shop in default is back at the previous releases: web failed";
        assert_eq!(problem["title"], title);
        assert!(
            problem["hint"]
                .as_str()
                .unwrap()
                .contains("windlass logs web")
        );
    };
    why(&ended["problem"]);
    let detail = ended["problem"]["detail"].as_str().unwrap();
    assert!(detail.contains(" exited with status 3\n"), "{detail}");
    assert!(
        detail.contains(&format!("traffic now: web 100 % {stable}")),
        "{detail}"
    );
    assert_eq!(ended["traffic"]["web"][&stable], 100);
    let shown = lab.run(&["show", "-o", "json"]).exits(0).json();
    why(&shown["problem"]);
    let listed = lab.run(&["list", "-o", "json"]).exits(0).json();
    why(&listed[0]["problem"]);
    assert!(listed[1]["problem"].is_null(), "it was promoted: {listed}");
    let lines = lab.run(&["deploy", "-o", "ndjson"]).exits(3).json_lines();
    why(&lines.last().unwrap()["problem"]);
    let back = lab.run(&["rollback", "-o", "json"]).exits(0).json();
    assert!(back["problem"].is_null(), "{back}");
}

#[test]
fn who_deploys_what_was_rolled_back_by_hand_is_told_before_and_in_the_question() {
    let lab = two();
    let (left, _) = versions(&lab);
    lab.run(&["rollback"]).exits(0);
    let id = lab.last();
    let plan = lab.run(&["plan"]).exits(0);
    let told = format!(" rolled {left} back by hand on ");
    for text in [told, format!("look: windlass show {id}")] {
        assert!(plan.out.contains(&text), "{text:?} is not in: {}", plan.out);
    }
    let json = lab.run(&["plan", "-o", "json"]).exits(0).json();
    assert_eq!(json["went_back"]["web"]["deployment"], id.as_str());
    let asked = lab.on_a_terminal("deploy", "n");
    assert_eq!(asked.code, 5, "{}", asked.out);
    let question = format!("web {left} was rolled back by hand before, by ");
    let said = unbroken(&asked.out);
    assert!(said.contains(&question), "{said}");
}

#[test]
fn whoever_leaves_a_question_is_told_that_nothing_was_begun() {
    let lab = two();
    lab.program("web", &Service::new("web", "3"));
    let before = lab.status();
    for (keys, shown) in [("\u{3}", "^C"), ("\u{4}", "")] {
        let left = lab.at_a_question("deploy", keys);
        assert_eq!(left.code, 5, "{}", left.out);
        let told = format!("[y/N] {shown}\r\nnothing was deployed: what runs goes on");
        assert!(left.out.contains(&told), "{:?}", left.out);
        assert!(left.out.contains("intr = ^C"), "{}", left.out);
        let lines = left.out.lines();
        let wide = lines.filter(|line| line.trim_end().chars().count() > 80);
        assert_eq!(wide.collect::<Vec<_>>(), Vec::<&str>::new());
    }
    assert_eq!(lab.status()[0]["revision"], before[0]["revision"]);
}
