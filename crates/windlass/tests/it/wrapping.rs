//! A script that deploys: run once, found again, taken back.

use serde_json::json;

use crate::lab::{Lab, Process, SOON, eventually, kill};

const FILE: &str = "\
app: shop
services:
  legacy:
    release: { version: \"1\" }
    bake: 200ms
    target: { command: { deploy: ./deploy, rollback: ./rollback, stop: { within: 5s } } }
";

/// Writes down each run; version 2 goes on until it is told to end.
const DEPLOY: &str = "#!/bin/sh
echo \"deploy $WINDLASS_VERSION from $WINDLASS_FROM, try $WINDLASS_ATTEMPT\" >> runs
while [ \"$WINDLASS_VERSION\" = 2 ] && ! [ -e go ]; do sleep 0.02; done
";

const ROLLBACK: &str = "#!/bin/sh
echo \"rollback to $WINDLASS_VERSION from $WINDLASS_FROM\" >> runs
";

/// Version 1 is live, and version 2 on its way.
fn moving() -> Lab {
    let lab = Lab::new(FILE);
    lab.script("deploy", DEPLOY);
    lab.script("rollback", ROLLBACK);
    lab.deploy();
    lab.run(&["deploy", "--detach", "--set", "legacy=2"])
        .exits(0);
    eventually("it runs", SOON, || (runs(&lab).len() == 2).then_some(()));
    lab
}

fn runs(lab: &Lab) -> Vec<String> {
    let text = std::fs::read_to_string(lab.app("runs")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn go(lab: &Lab) {
    lab.write("go", "");
}

/// Waits until the deployment is over; says what is live.
fn settled(lab: &Lab) -> String {
    lab.run(&["events", &lab.last(), "--follow"]);
    let version = lab.service("legacy")["stable"]["version"].clone();
    version.as_str().unwrap().to_owned()
}

const FIRST: &str = "deploy 1 from , try 1";
const SECOND: &str = "deploy 2 from 1, try 1";

#[test]
fn a_deploy_outlives_its_controller_and_runs_once() {
    let lab = moving();
    kill(&lab.only("serve"));
    go(&lab);
    assert_eq!(settled(&lab), "2");
    assert_eq!(runs(&lab), [FIRST, SECOND]);
    assert_eq!(
        lab.service("legacy")["stable"]["instances"][0]["state"],
        json!("live")
    );
    // What it brought is as it should be, though nothing of it runs.
    let doctor = lab.run(&["doctor", "-o", "json"]).exits(0).json();
    let all = doctor["findings"].as_array().unwrap();
    let what_runs = all.iter().find(|found| found["check"] == "what runs");
    assert_eq!(what_runs.unwrap()["level"], "ok", "{doctor:#}");
    assert!(
        all.iter()
            .all(|found| found["check"] != "shims" || found["level"] == "ok"),
        "{doctor:#}"
    );
}

#[test]
fn a_run_that_does_not_end_is_shown_with_its_process() {
    let lab = moving();
    let process = eventually("it is told", SOON, || {
        let shown = lab.run(&["show", "-o", "json"]).exits(0).json();
        let late = &shown["services"]["legacy"]["not_ready"]["instances"];
        let late = late.as_object()?.values().next()?;
        late["saw"].as_str()?;
        late["process"].as_u64()
    });
    let own = script(&lab).expect("it runs");
    assert_eq!(u64::from(own.pid), process);
    let told = format!("it still runs as process {process}");
    let shown = lab.run(&["show"]).exits(0).out;
    assert!(shown.contains(&told), "{shown}");
    let status = lab.run(&["status"]).exits(0).out;
    assert!(status.contains(&told), "{status}");
    let events = lab.run(&["events"]).exits(0).out;
    assert!(events.contains("legacy not_ended instance="), "{events}");
    assert!(events.contains(&told), "{events}");
    go(&lab);
    assert_eq!(settled(&lab), "2");
}

#[test]
fn an_abort_ends_the_script_and_runs_its_rollback() {
    let lab = moving();
    lab.run(&["abort", &lab.last()]);
    assert_eq!(settled(&lab), "1");
    assert_eq!(runs(&lab), [FIRST, SECOND, "rollback to 1 from 2"]);
    assert!(!is_running(&lab), "nothing of it is left");
}

#[test]
fn an_abort_ends_all_that_the_script_has_started() {
    let lab = moving();
    let deploy = DEPLOY.replace("while", "sleep 301 & (trap '' TERM; sleep 302) &\nwhile");
    lab.run(&["abort", &lab.last()]);
    settled(&lab);
    lab.script("deploy", &deploy.replace("= 2", "= 3"));
    lab.run(&["deploy", "--detach", "--set", "legacy=3"])
        .exits(0);
    let sleeps = || {
        let all = lab.processes().into_iter();
        all.filter(|process| process.line.iter().any(|word| word.starts_with("30")))
            .count()
    };
    eventually("all of it runs", SOON, || (sleeps() == 2).then_some(()));
    lab.run(&["abort", &lab.last()]);
    assert_eq!(settled(&lab), "1");
    assert_eq!(sleeps(), 0);
}

fn script(lab: &Lab) -> Option<Process> {
    let all = lab.processes().into_iter();
    let mut scripts =
        all.filter(|process| process.line.iter().any(|word| word.ends_with("/deploy")));
    scripts.next()
}

fn is_running(lab: &Lab) -> bool {
    script(lab).is_some()
}

#[test]
fn a_run_that_vanished_is_stuck_until_a_person_has_it_run_again() {
    let lab = moving();
    kill(&lab.only("serve"));
    // As after a restart of the machine: its keeper is gone, and so is the script.
    let newest = script(&lab).expect("the script");
    for shim in lab
        .processes()
        .into_iter()
        .filter(|process| process.is("shim"))
    {
        kill(&shim);
    }
    kill(&newest);
    let id = lab.last();
    let told = lab.run(&["events", &id, "--follow"]).exits(6);
    let told = format!("{}{}", told.out, told.err);
    assert!(
        told.contains("nobody knows how the deploy of 2 ended"),
        "{told}"
    );
    assert_eq!(runs(&lab).len(), 2);
    go(&lab);
    lab.run(&["repair", &id, "--retry"]);
    assert_eq!(settled(&lab), "2");
    assert_eq!(runs(&lab)[2], "deploy 2 from 1, try 2");
}

#[test]
fn a_script_that_failed_is_told_as_no_outage_and_what_is_live_by_its_last_word() {
    let lab = Lab::new(FILE);
    lab.script("deploy", "#!/bin/sh\necho no route to host >&2\nexit 3\n");
    lab.script("rollback", ROLLBACK);
    let left = lab.run(&["deploy"]).exits(1);
    left.says(&[
        "the deploy of legacy printed last:\n      no route to host",
        "live now: not known of legacy",
    ]);
    assert!(!left.err.contains("traffic now"), "{}", left.err);
    let shown = lab.run(&["show", &lab.last(), "-o", "json"]).json();
    let brought = shown["services"]["legacy"]["brought"].clone();
    assert_eq!(brought["state"], "unknown", "{shown:#}");

    lab.script("deploy", DEPLOY);
    lab.run(&["deploy", "--set", "legacy=2b"]).exits(0);
    lab.script("deploy", "#!/bin/sh\nexit 3\n");
    let left = lab.run(&["deploy", "--set", "legacy=3"]).exits(3);
    left.says(&["live now: legacy 2b (the script that brought it ended well)"]);
    assert!(!left.err.contains("traffic now"), "{}", left.err);
}
