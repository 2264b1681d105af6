//! Going back after a promotion, and a deployment that meets another.

use rustix::process::Signal;

use crate::lab::{
    Breaks, Following, Lab, SOON, Service, answer, eventually, load, signal, without_failure,
};

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

const TWO: &str = "\
app: shop
services:
  api:
    run: ./api
    listen: @api
    ready: /health/ready
    bake: 200ms
    drain: 5s
  web:
    run: ./web
    listen: @web
    ready: /health/ready
    bake: 200ms
    drain: 5s
";

/// A lab in which these versions of `web` were promoted, the last one serves.
fn promoted(file: &str, versions: &[&str]) -> Lab {
    let lab = Lab::new(file);
    for version in versions {
        lab.program("web", &Service::new("web", version));
        lab.deploy();
    }
    lab
}

/// A watch that ends only when it is told to.
fn slow() -> String {
    WEB.replace("200ms", "10m")
}

#[test]
fn a_rollback_goes_to_the_warm_standby_at_once_and_loses_no_request() {
    let lab = promoted(WEB, &["1", "2"]);
    let load = load(lab.at("web"));
    let left = lab.run(&["rollback"]).exits(0);
    let to = lab.service("web")["stable"]["version"].clone();
    let to = to.as_str().unwrap();
    let last = format!("shop in default: rolled back to {to} by hand in ");
    assert!(left.out.contains(&last), "{}", left.out);
    assert!(
        left.out.contains("result=rolled_back_by_hand"),
        "{}",
        left.out
    );
    assert!(left.out.contains("proof: web 100 % on"), "{}", left.out);
    assert!(
        left.err.contains("back to the standby, at once"),
        "{}",
        left.err
    );
    assert!(!left.err.contains("undo"), "{}", left.err);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    without_failure(load);
    let shown = lab
        .run(&["show", &lab.last(), "-o", "json"])
        .exits(0)
        .json();
    assert_eq!(shown["kind"], "rollback");
    assert_eq!(shown["by"], "mira");
}

/// It hears nothing, also not that it should end: nobody stays where they flee from for that.
#[test]
fn a_rollback_is_at_once_also_where_the_standby_hangs() {
    let file = [WEB, "    stop: { within: 1s }\n"].concat();
    let lab = promoted(&file, &["1", "2"]);
    let pid = lab.service("web")["standby"]["instances"][0]["pid"].as_u64();
    signal(pid.unwrap().try_into().unwrap(), Signal::STOP);
    let load = load(lab.at("web"));
    let left = lab.run(&["rollback"]).exits(0);
    assert!(left.out.contains("proof: web 100 % on"), "{}", left.out);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    without_failure(load);
    let told = lab.run(&["events", &lab.last()]).exits(0).out;
    let at = |what: &str| told.find(what).unwrap_or_else(|| panic!("{what}: {told}"));
    assert!(at("traffic=100%") < at("killed instance="), "{told}");
    assert!(told.contains(" after=1s"), "{told}");
    assert!(!told.contains("phase=clearing"), "{told}");
    let shown = lab.run(&["show", &lab.last()]).exits(0).out;
    assert!(shown.contains("killed after 1s"), "{shown}");
}

#[test]
fn a_rollback_to_a_version_starts_its_kept_release() {
    let lab = Lab::new(WEB);
    for version in ["1", "2", "3"] {
        lab.file(&WEB.replace(
            "run: ./web",
            &format!("release: {{ version: \"{version}\" }}\n    run: ./web"),
        ));
        lab.program("web", &Service::new("web", version));
        lab.deploy();
    }
    let load = load(lab.at("web"));
    lab.run(&["rollback", "web", "--to", "1"]).exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    without_failure(load);
}

#[test]
fn what_cannot_be_gone_back_to_is_refused_with_what_can() {
    let lab = promoted(WEB, &["1"]);
    // It does not go ahead, so nothing is said of that.
    let left = lab.run(&["rollback"]).exits(5);
    assert!(!left.err.contains("goes ahead"), "{}", left.err);
    lab.program("web", &Service::new("web", "2"));
    lab.deploy();
    let before = lab.service("web")["standby"]["version"].clone();
    let left = lab.run(&["rollback", "--to", "9.9"]).exits(5);
    left.says(&[before.as_str().unwrap()]);
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
}

/// The kept release lacks something now: nobody's word makes it serve, a retry does once it can run.
#[test]
fn a_rollback_that_cannot_start_is_stuck_until_it_is_retried() {
    let lab = Lab::new(WEB);
    let flag = lab.tmp().join("needed");
    let needs_flag = Breaks::Without(flag.display().to_string());
    std::fs::write(&flag, "").unwrap();
    lab.program("web", &Service::new("web", "1").breaks(needs_flag));
    lab.deploy();
    lab.program("web", &Service::new("web", "2"));
    lab.deploy();
    let _dropped = lab.run(&["finalize", &lab.last()]).exits(0);
    std::fs::remove_file(&flag).unwrap();

    let load = load(lab.at("web"));
    let left = lab.run(&["rollback"]).exits(6);
    left.says(&[
        "error[WL0404]",
        "exited with status 9",
        "--retry | --abandon",
    ]);
    left.says(&["traffic now: web 100 %"]);
    let id = lab.last();
    let refused = lab.run(&["repair", &id, "--done"]).exits(5);
    refused.says(&["what the rollback goes to does not run yet"]);
    lab.run(&["deploy"])
        .exits(5)
        .says(&["is stuck and keeps its lock"]);
    let why = ["-m", "once more"];
    let again = lab.run(&[&["repair", &id, "--retry"][..], &why].concat());
    let again = again.exits(6);
    let because = &lab.run(&["show", &id, "-o", "json"]).exits(0).json()["because"];
    let last = because.as_array().and_then(|all| all.last()).unwrap();
    assert_eq!(last["why"], "once more", "{because}");
    assert_eq!(last["word"], "retried", "{because}");
    again.says(&["exited with status 9"]);
    assert_eq!(
        answer(lab.at("web")).chain(),
        "web=2",
        "it holds where it is"
    );

    std::fs::write(&flag, "").unwrap();
    let left = lab.run(&["repair", &id, "--retry"]).exits(0);
    assert!(left.out.contains("proof: web 100 % on"), "{}", left.out);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    without_failure(load);
    assert!(
        lab.run(&["list"])
            .exits(0)
            .out
            .contains("rolled back by hand")
    );
}

#[test]
fn one_service_goes_back_and_the_other_stays() {
    let lab = Lab::new(TWO);
    for version in ["1", "2"] {
        lab.program("api", &Service::new("api", version));
        lab.program("web", &Service::new("web", version));
        lab.deploy();
    }
    let left = lab.run(&["rollback", "api"]).exits(0);
    left.says(&["nobody can be asked here, so it goes ahead as with --yes"]);
    assert_eq!(answer(lab.at("api")).chain(), "api=1");
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
}

#[test]
fn while_a_deployment_runs_a_rollback_aborts_it() {
    let lab = promoted(WEB, &["1"]);
    lab.file(&slow());
    lab.program("web", &Service::new("web", "2"));
    let following = lab.start(&["deploy"]);
    following.until("bake=10m");
    let left = lab.run(&["rollback"]).exits(0);
    left.says(&["it is aborted"]);
    following.left().exits(3).says(&["mira aborted it"]);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
}

/// Version 2 is watched for ten minutes, and the folder has version 3.
fn two_bakes_and_three_is_next() -> (Lab, Following) {
    let lab = promoted(WEB, &["1"]);
    lab.file(&slow());
    lab.program("web", &Service::new("web", "2"));
    let following = lab.start(&["deploy"]);
    following.until("bake=10m");
    lab.file(WEB);
    lab.program("web", &Service::new("web", "3"));
    (lab, following)
}

#[test]
fn a_newer_deployment_supersedes_the_one_that_runs() {
    let (lab, following) = two_bakes_and_three_is_next();
    lab.run(&["deploy"]).exits(5);
    lab.run(&["deploy", "--supersede"]).exits(0);
    following.left().exits(3);
    assert_eq!(answer(lab.at("web")).chain(), "web=3");
}

#[test]
fn a_deployment_waits_for_another_and_not_for_ever() {
    let (lab, following) = two_bakes_and_three_is_next();
    lab.run(&["deploy", "--wait", "300ms"]).exits(4);
    let waiting = lab.start(&["deploy", "--wait", "5m"]);
    lab.run(&["promote"]).exits(0);
    following.left().exits(0);
    waiting.left().exits(0);
    eventually("version 3 answers", SOON, || {
        (answer(lab.at("web")).chain() == "web=3").then_some(())
    });
}

/// With Ctrl-C it says so; killed it can't.
#[test]
fn a_deployment_that_was_given_up_while_it_waited_does_not_begin() {
    let (lab, following) = two_bakes_and_three_is_next();
    let waits = || {
        let waiting = lab.start(&["deploy", "--wait", "5m"]);
        let said = waiting.until_said("waits for dep_");
        assert!(said.contains("begun by mira, at most 5m"), "{said}");
        waiting
    };
    waits().kill();
    let waiting = waits();
    waiting.interrupt();
    let left = waiting.left().exits(130);
    left.says(&["given up: what has not begun does not begin"]);
    lab.run(&["promote"]).exits(0);
    following.left().exits(0);
    // In the queue this one is behind both.
    lab.program("web", &Service::new("web", "4"));
    lab.run(&["deploy", "--wait", "1m"]).exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=4");
    let list = lab.run(&["list", "-o", "json"]).exits(0).json();
    let begun = list.as_array().unwrap().len();
    assert_eq!(begun, 3, "1, 2 and 4: {list:#}");
}

#[test]
fn a_deployment_that_waits_outlives_the_controller_that_it_waits_at() {
    let (lab, following) = two_bakes_and_three_is_next();
    let waiting = lab.start(&["deploy", "--wait", "5m"]);
    waiting.until_said("waits for dep_");
    lab.kill_controller();
    waiting.until_said("the controller died, and another one is asked");
    lab.run(&["abort"]).exits(0);
    following.left().exits(3);
    waiting.left().exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=3");
    let list = lab.run(&["list", "-o", "json"]).exits(0).json();
    assert_eq!(list.as_array().unwrap().len(), 3, "each once: {list:#}");
}
