//! `windlass doctor` on what is well, and on what is not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;
use serde_json::Value;

use crate::lab::{Breaks, Lab, SOON, Service, answer, eventually, kill};
use crate::typed::Place;

const WEB: &str = "\
app: shop
services:
  web:
    run: ./web
    listen: @web
    ready: /health/ready
    bake: 200ms
";

/// A lab in which version 1 is live.
fn live() -> Lab {
    let lab = Lab::new(WEB);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab
}

/// What is said of one check, after the command ended with `code`.
#[track_caller]
fn found(lab: &Lab, code: i32, check: &str) -> Vec<Value> {
    let value = lab.run(&["doctor", "-o", "json"]).exits(code).json();
    let findings = value["findings"].as_array().unwrap();
    for finding in findings {
        assert_eq!(
            finding["level"] == "ok",
            finding["fix"].is_null(),
            "{finding}"
        );
    }
    findings
        .iter()
        .filter(|found| found["check"] == check)
        .cloned()
        .collect()
}

/// The level, what was seen and the fix of the one finding of a check.
#[track_caller]
fn only(lab: &Lab, code: i32, check: &str) -> (String, String, String) {
    let all = found(lab, code, check);
    assert_eq!(all.len(), 1, "{all:?}");
    let text = |name: &str| all[0][name].as_str().unwrap_or_default().to_owned();
    (text("level"), text("saw"), text("fix"))
}

#[test]
fn where_all_is_well_every_check_says_so() {
    let lab = live();
    for check in [
        "state directory",
        "journal",
        "controller",
        "router",
        "what runs",
        "shims",
        "sockets",
        "halt",
        "tokens",
    ] {
        let (level, saw, _) = only(&lab, 0, check);
        assert_eq!(level, "ok", "{check}: {saw}");
    }
    let left = lab.run(&["doctor"]).exits(0);
    assert!(
        left.out.contains("1 instance as the journal says"),
        "{}",
        left.out
    );
}

#[test]
fn with_the_controller_dead_it_looks_and_starts_nothing() {
    let lab = live();
    lab.kill_controller();
    let (level, saw, fix) = only(&lab, 0, "controller");
    assert_eq!(
        (level.as_str(), fix.as_str()),
        ("warning", "any command starts one: windlass status")
    );
    assert!(saw.contains("go on without it"), "{saw}");
    assert!(
        saw.ends_with(
            "shims start again what dies of 1 service; nobody judges or drains, and a router that dies stays \
             dead"
        ),
        "{saw}"
    );
    for check in ["journal", "router", "sockets"] {
        assert_eq!(only(&lab, 0, check).0, "ok");
    }
    assert!(lab.processes().iter().all(|process| !process.is("serve")));
    // And the router with it: both are broken, and both say so.
    lab.only("router").signal(Signal::KILL);
    eventually("the router is gone", SOON, || {
        let mut all = lab.processes().into_iter();
        all.all(|process| !process.is("router")).then_some(())
    });
    for check in ["controller", "router"] {
        assert_eq!(only(&lab, 6, check).0, "broken");
    }
    let all = lab.run(&["doctor", "-o", "json"]).exits(6).json();
    assert_eq!(all["findings"][0]["level"], "broken", "{all}");
}

#[test]
fn an_open_deployment_is_named_with_a_controller_and_stands_still_without_one() {
    let lab = live();
    lab.program("web", &Service::new("web", "2"));
    lab.file(&WEB.replace("200ms", "10m"));
    lab.run(&["deploy", "--detach"]).exits(0);
    let id = lab.last();
    lab.run(&["hold", &id]).exits(0);
    let (level, saw, fix) = only(&lab, 0, "deployment");
    assert_eq!(
        (level.as_str(), fix),
        ("warning", format!("windlass show {id}"))
    );
    assert!(saw.starts_with(&id), "{saw}");
    lab.kill_controller();
    let (level, saw, _) = only(&lab, 6, "controller");
    assert_eq!(level, "broken");
    assert!(
        saw.contains(&format!("{id} of shop/default stands still")),
        "{saw}"
    );
}

#[test]
fn a_stopped_controller_is_broken_and_named() {
    let lab = live();
    let serve = lab.only("serve");
    serve.signal(Signal::STOP);
    let (level, saw, fix) = only(&lab, 6, "controller");
    serve.signal(Signal::CONT);
    assert_eq!(level, "broken");
    assert_eq!(saw, format!("process {} is stopped", serve.pid));
    assert_eq!(fix, format!("let it go on: kill -CONT {}", serve.pid));
}

#[test]
fn a_halt_is_a_warning_with_the_command_that_lifts_it() {
    let lab = live();
    lab.run(&["halt"]).exits(0);
    let (level, saw, fix) = only(&lab, 0, "halt");
    assert_eq!(
        (level.as_str(), fix.as_str()),
        ("warning", "windlass halt --lift")
    );
    assert!(saw.contains("mira"), "{saw}");
    let left = lab.run(&["doctor"]).exits(0);
    assert!(
        left.out.ends_with("warning\n") || left.out.ends_with("warnings\n"),
        "{}",
        left.out
    );
    lab.run(&["halt", "--lift"]).exits(0);
}

#[test]
fn a_damaged_journal_and_a_damaged_table_are_broken() {
    let lab = live();
    lab.run(&["down"]).exits(0);
    lab.must_be_gone();
    let table = lab.state("router/table.json");
    let whole = fs::read(&table).unwrap();
    fs::write(&table, "0000\n{}").unwrap();
    let (level, saw, _) = only(&lab, 0, "table");
    assert_eq!(level, "warning");
    assert!(saw.contains("SHA-256"), "{saw}");
    let second = lab.state("router/table.second.json");
    fs::write(&second, "0000\n{}").unwrap();
    let (level, saw, _) = only(&lab, 6, "router");
    assert_eq!(level, "broken");
    assert!(saw.contains("SHA-256"), "{saw}");
    fs::write(&table, &whole).unwrap();
    fs::write(&second, whole).unwrap();
    let journal = lab.state("windlass.db");
    let whole = fs::read(&journal).unwrap();
    for beside in ["windlass.db-wal", "windlass.db-shm"] {
        // What is left of the last changes would bring the pages back.
        fs::remove_file(lab.state(beside)).ok();
    }
    fs::write(
        &journal,
        "this is no journal, whatever its name says, and never was one",
    )
    .unwrap();
    assert_eq!(only(&lab, 6, "journal").0, "broken");
    fs::remove_file(&journal).unwrap();
    let (level, saw, fix) = only(&lab, 6, "journal");
    assert_eq!(
        (level.as_str(), saw.as_str()),
        ("broken", "it is gone, and something ran here")
    );
    assert!(fix.contains("windlass docs back-up"), "{fix}");
    fs::write(&journal, whole).unwrap();
}

#[test]
fn tokens_that_are_none_are_broken_and_named() {
    let lab = live();
    lab.run(&["down"]).exits(0);
    fs::write(lab.state("tokens.json"), "x").unwrap();
    let (level, saw, fix) = only(&lab, 6, "tokens");
    assert_eq!(level, "broken");
    assert!(saw.contains("tokens.json"), "{saw}");
    assert!(fix.contains("windlass token create"), "{fix}");
    fs::remove_file(lab.state("tokens.json")).unwrap();
}

#[test]
fn a_folder_that_others_may_write_in_is_broken() {
    let lab = live();
    let mode = |mode| fs::set_permissions(lab.state(""), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o777);
    let (level, saw, fix) = only(&lab, 6, "state directory");
    mode(0o755);
    assert_eq!(level, "broken");
    assert!(
        saw.contains("mode 777") && fix.starts_with("chmod 700 "),
        "{saw}: {fix}"
    );
    assert_eq!(only(&lab, 0, "state directory").0, "warning");
    mode(0o700);
}

#[test]
fn what_does_not_run_as_the_journal_says_is_shown() {
    let lab = live();
    let address = lab.service("web")["stable"]["instances"][0]["address"].clone();
    let port = address
        .as_str()
        .unwrap()
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let instance = lab.instance_at(port);
    instance.signal(Signal::STOP);
    let shown = eventually("it is seen", SOON, || {
        let json = lab.run(&["doctor", "-o", "json"]).json();
        let all = json["findings"].as_array().unwrap();
        let found = all.iter().find(|found| found["check"] == "service")?;
        assert_eq!(found["level"], "broken", "{found}");
        Some(found["saw"].as_str().unwrap().to_owned())
    });
    instance.signal(Signal::CONT);
    assert!(shown.starts_with("web "), "{shown}");
    eventually("it runs again", SOON, || {
        (answer(lab.at("web")).status == 200).then_some(())
    });
}

#[test]
fn a_service_that_ends_again_and_again_is_broken_and_told_with_its_last_end_and_lines() {
    let lab = Lab::new(WEB);
    let flag = lab.tmp().join("needed");
    fs::write(&flag, "").unwrap();
    let needs_flag = Breaks::Without(flag.display().to_string());
    lab.program("web", &Service::new("web", "1").breaks(needs_flag));
    lab.deploy();
    fs::remove_file(&flag).unwrap();
    kill(&lab.only("demo-service"));
    let found = eventually("it is seen, and how it ended then", SOON, || {
        let json = lab.run(&["doctor", "-o", "json"]).json();
        let all = json["findings"].as_array().unwrap().clone();
        let mut all = all.into_iter().filter(|found| found["check"] == "service");
        all.find(|found| found["saw"].as_str().unwrap().contains("status 9"))
    });
    assert_eq!(found["level"], "broken", "{found}");
    let saw = found["saw"].as_str().unwrap();
    assert!(
        saw.starts_with("web ") && saw.contains("none of 1 instance is ready"),
        "{saw}"
    );
    assert!(saw.contains("its requests are refused"), "{saw}");
    assert!(saw.ends_with("the last one exited with status 9"), "{saw}");
    let printed = found["printed"].to_string();
    assert!(printed.contains("no /"), "{printed}");
    let fix = found["fix"].as_str().unwrap();
    assert!(fix.starts_with("windlass logs web, mend it"), "{fix}");
    let left = lab.run(&["doctor"]).exits(6);
    assert!(left.out.contains("         | no /"), "{}", left.out);
    assert!(left.out.contains("1 broken"), "{}", left.out);
    fs::write(&flag, "").unwrap();
    eventually("it runs again", SOON, || {
        (answer(lab.at("web")).status == 200).then_some(())
    });
    assert!(found_none(&lab), "nothing is broken any more");
}

/// Whether no service is told of.
fn found_none(lab: &Lab) -> bool {
    eventually("it is ready again", SOON, || {
        let left = lab.run(&["doctor", "-o", "json"]);
        (left.code == 0).then_some(())
    });
    found(lab, 0, "service").is_empty()
}

#[test]
fn an_instance_that_nobody_keeps_is_named_with_its_service_until_it_is_started_again() {
    let lab = live();
    kill(&lab.only("shim"));
    let saw = eventually("it is seen", SOON, || {
        let (level, saw, _) = only(&lab, 0, "shims");
        (level == "warning").then_some(saw)
    });
    assert!(
        saw.starts_with("nobody keeps ins_") && saw.ends_with(" of web"),
        "{saw}"
    );
    assert_eq!(answer(lab.at("web")).status, 200, "it goes on");
    kill(&lab.only("demo-service"));
    // Until it answers again, its service is broken.
    eventually("it is started again, and kept", SOON, || {
        let left = lab.run(&["doctor", "-o", "json"]);
        let told: Value = serde_json::from_str(&left.out).unwrap();
        let findings = told["findings"].as_array().unwrap();
        let shims = findings.iter().find(|found| found["check"] == "shims")?;
        (left.code == 0 && shims["level"] == "ok").then_some(())
    });
}

#[test]
fn a_journal_that_is_no_database_is_said_to_be_damaged_and_no_fix_is_advised_that_cannot_help() {
    let lab = live();
    lab.run(&["down", "--yes"]).exits(0);
    lab.must_be_gone();
    for left in ["windlass.db-wal", "windlass.db-shm"] {
        fs::remove_file(lab.state(left)).ok();
    }
    fs::write(
        lab.state("windlass.db"),
        "no database at all, but long enough",
    )
    .unwrap();
    let (level, saw, fix) = only(&lab, 6, "journal");
    assert_eq!(level, "broken");
    assert!(
        saw.starts_with("it is no SQLite database: it is damaged"),
        "{saw}"
    );
    assert!(fix.contains("put a backup in its place"), "{fix}");
    let (level, saw, fix) = only(&lab, 6, "controller");
    assert_eq!(level, "broken");
    assert!(saw.contains("the journal can't be opened"), "{saw}");
    assert!(fix.starts_with("mend the journal first"), "{fix}");
}

#[test]
fn where_nothing_was_deployed_nothing_is_made() {
    let place = Place::empty();
    let left = place.run(&["doctor"]);
    assert_eq!(left.code, 0, "{}", left.err);
    assert!(
        left.out.starts_with("nothing was ever deployed: "),
        "{}",
        left.out
    );
    assert!(!place.path("home").exists());
}
