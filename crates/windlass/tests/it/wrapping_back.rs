//! A script that is taken back: what becomes of a way back that fails, hangs, or is done by hand.

use serde_json::Value;

use crate::lab::{Lab, SOON, eventually};

const FILE: &str = "\
app: shop
services:
  legacy:
    release: { version: \"1\" }
    bake: 200ms
    target:
      command: { deploy: ./deploy, rollback: ./rollback, status: ./status, within: 1m, stop: { within: 1s } }
";

/// Brings a version; that of 2 fails after it has done so.
const DEPLOY: &str = "#!/bin/sh
echo \"deploy $WINDLASS_VERSION from $WINDLASS_FROM, try $WINDLASS_ATTEMPT\" >> runs
echo $WINDLASS_VERSION > live
[ $WINDLASS_VERSION != 2 ]
";

const STATUS: &str = "#!/bin/sh
printf '{\"version\": \"%s\", \"state\": \"live\"}' $(cat live)
";

/// Version 1 is live, and this is the way back from the next one.
fn live(rollback: &str) -> Lab {
    let lab = Lab::new(FILE);
    lab.script("deploy", DEPLOY);
    lab.script("status", STATUS);
    lab.script("rollback", rollback);
    lab.deploy();
    lab
}

/// From now on a run has only so long: for what waits for that.
fn hurried(lab: &Lab) {
    lab.file(&FILE.replace("within: 1m", "within: 5s"));
}

fn runs(lab: &Lab) -> Vec<String> {
    let text = std::fs::read_to_string(lab.app("runs")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn brought(lab: &Lab, id: &str) -> Value {
    let shown = lab.run(&["show", id, "-o", "json"]).exits(0).json();
    shown["services"]["legacy"]["brought"].clone()
}

#[test]
fn a_word_that_the_status_denies_is_refused_and_what_the_rollback_printed_is_told() {
    let lab = live("#!/bin/sh\necho no way >&2\nexit 4\n");
    let left = lab.run(&["deploy", "--set", "legacy=2"]).exits(6);
    left.says(&["the rollback of legacy printed last:", "no way", "--done"]);
    let id = lab.last();
    let refused = lab.run(&["repair", &id, "--done"]).exits(5);
    refused.says(&[
        "WL0313",
        "`status` says that 2 is live",
        "expected: a `status` that says that 1 is live",
    ]);
    let shown = lab.run(&["show", &id]).exits(0).out;
    assert!(shown.contains("is not back to 1"), "{shown}");
    let logs = lab
        .run(&["logs", "legacy", "--deployment", &id])
        .exits(0)
        .out;
    assert!(logs.contains("2 rollback "), "{logs}");

    lab.write("live", "1");
    lab.run(&["repair", &id, "--done"]);
    let told = brought(&lab, &id);
    assert_eq!(
        (&told["by_status"], &told["said_by"]),
        (&Value::Bool(false), &"mira".into())
    );
    let shown = lab.run(&["show", &id]).exits(0).out;
    assert!(
        shown.contains("live now: legacy 1 (mira said so)"),
        "{shown}"
    );
}

#[test]
fn a_rollback_that_hangs_is_ended_at_its_limit_and_runs_again_on_demand() {
    let hangs = "#!/bin/sh
echo \"rollback to $WINDLASS_VERSION, try $WINDLASS_ATTEMPT\" >> runs
echo waits for the lock
[ -e go ] || { sleep 307 & sleep 308; }
echo $WINDLASS_VERSION > live
";
    let lab = live(hangs);
    hurried(&lab);
    let left = lab.run(&["deploy", "--set", "legacy=2"]).exits(6);
    left.says(&[
        "it still ran after 5s as process ",
        ", and was ended with all that it had started",
        "the rollback of legacy printed last:",
        "waits for the lock",
    ]);
    let sleeps = lab.processes().into_iter();
    let mut sleeps =
        sleeps.filter(|process| process.line.iter().any(|word| word.starts_with("30")));
    assert!(sleeps.next().is_none(), "nothing of it is left");
    lab.write("go", "");
    lab.run(&["repair", &lab.last(), "--retry"]);
    assert_eq!(
        runs(&lab)[2..],
        ["rollback to 1, try 1", "rollback to 1, try 2"]
    );
    assert_eq!(lab.service("legacy")["stable"]["version"], "1");
}

#[test]
fn an_abort_of_what_goes_back_already_says_so_and_keeps_its_reason() {
    let waits = "#!/bin/sh\ntouch began\nuntil [ -e go ]; do sleep 0.02; done\necho 1 > live\n";
    let lab = live(waits);
    lab.run(&["deploy", "--detach", "--set", "legacy=2"])
        .exits(0);
    eventually("it goes back", SOON, || {
        lab.app("began").exists().then_some(())
    });
    let id = lab.last();
    let left = lab
        .run(&["abort", &id, "--detach", "-m", "it is late"])
        .exits(0);
    left.says(&["goes back already, since"]);
    let show = lab.run(&["show", &id, "-o", "json"]).exits(0).json();
    assert_eq!(show["because"][0]["why"], "it is late", "{show}");
    lab.write("go", "");
    lab.run(&["events", &id, "--follow"]);
}

#[test]
fn down_leaves_what_a_script_has_deployed_and_the_next_deployment_goes_on_from_there() {
    let lab = live("#!/bin/sh\necho $WINDLASS_VERSION > live\n");
    for _ in 0..2 {
        let down = lab.run(&["down", "--yes"]).exits(0).out;
        assert!(
            down.contains("legacy: what its script deployed stays as it is"),
            "{down}"
        );
    }
    assert!(lab.processes().is_empty(), "nothing of Windlass runs");
    assert_eq!(lab.service("legacy")["stable"]["version"], "1");
    lab.run(&["deploy", "--set", "legacy=2"]).exits(3);
    assert_eq!(runs(&lab)[1], "deploy 2 from 1, try 1");
    assert_eq!(
        std::fs::read_to_string(lab.app("live"))
            .unwrap_or_default()
            .trim(),
        "1"
    );
}

#[test]
fn a_status_that_prints_a_number_is_told_what_it_must_print_and_how_to_ask_it() {
    let lab = live("#!/bin/sh\necho $WINDLASS_VERSION > live\n");
    let deploy = DEPLOY.replace("!= 2", "!= 9");
    lab.script("deploy", &deploy);
    let status =
        "#!/bin/sh\n[ $(cat live) = 3 ] && echo '{\"version\": 3, \"state\": \"live\"}' && exit
printf '{\"version\": \"%s\", \"state\": \"live\"}' $(cat live)\n";
    lab.script("status", status);
    hurried(&lab);
    let left = lab.run(&["deploy", "--set", "legacy=3"]).exits(3);
    left.says(&[
        "`version` must be a text: \"3\"",
        "ask it yourself, in ",
        "./status",
    ]);
    assert!(!left.err.contains("windlass logs"), "{}", left.err);
    let shown = lab.run(&["show"]).exits(0).out;
    assert!(!shown.contains("0 %"), "{shown}");
}

#[test]
fn a_status_that_hangs_is_told_as_one_that_did_not_answer() {
    let lab = live("#!/bin/sh\necho $WINDLASS_VERSION > live\n");
    lab.script("deploy", &DEPLOY.replace("!= 2", "!= 9"));
    lab.script("status", "#!/bin/sh\n[ $(cat live) = 1 ] || exec sleep 309\necho '{\"version\": \"1\", \"state\": \"live\"}'\n");
    hurried(&lab);
    let left = lab.run(&["deploy", "--set", "legacy=2"]).exits(3);
    left.says(&["was not ready in time: its `status` did not answer"]);
}

#[test]
fn down_of_a_script_that_is_stuck_says_what_ended_with_it_and_who_did_that_is_kept() {
    let lab = live("#!/bin/sh\nexit 4\n");
    lab.run(&["deploy", "--set", "legacy=2"]).exits(6);
    let id = lab.last();
    let down = lab
        .run(&["down", "--yes", "-m", "moves house"])
        .exits(0)
        .out;
    for part in [
        &format!("{id}, which was stuck, ended with it"),
        "legacy: what its script deployed stays as it is",
    ] {
        assert!(down.contains(part), "{down}");
    }
    let events = lab.run(&["events", "--outside"]);
    assert!(events.out.contains("moves house"), "{}", events.out);
}
