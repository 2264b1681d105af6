//! A router of an earlier version, which goes on until a person has it renewed.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::lab::{
    Following, Lab, SOON, Service, ask, eventually, is_closed, load, without_failure,
};

const FILE: &str = "\
app: shop
services:
  web: { run: ./web, listen: @web, ready: /health/ready, bake: 200ms }
";

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn measured() -> String {
    FILE.replace("services:", "router: { metrics: @metrics }\nservices:")
}

/// Starts the router of an earlier version, which the lab's controller will find.
fn older_router(lab: &Lab) -> Following {
    let built = Path::new(env!("CARGO_BIN_EXE_windlass")).with_file_name("examples");
    let copy = lab.app("older_router");
    // Copied by another process: what this one writes may be open in a child of another test, and then
    // cannot be run.
    let copied = Command::new("cp")
        .args([&built.join("older_router"), &copy])
        .status();
    assert!(
        copied.unwrap().success(),
        "build it: cargo build -p windlass --example older_router"
    );
    lab.give(&copy);
    let started = lab.shell("exec ./older_router router --state-dir \"$WINDLASS_STATE_DIR\"");
    let router = lab.start_command(started);
    let socket: PathBuf = lab.state("run/router.sock");
    eventually("it listens", SOON, || socket.exists().then_some(()));
    router
}

#[test]
fn an_older_router_is_named_and_asked_for_nothing_that_it_does_not_know_until_it_is_renewed() {
    let lab = Lab::new(FILE);
    let older = older_router(&lab);
    let first = lab.only("router");
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    assert_eq!(
        lab.only("router"),
        first,
        "the controller took what it found"
    );

    let line = format!("router 0.0.9, this program {VERSION}: windlass router upgrade\n");
    let status = lab.run(&["status"]).exits(0).out;
    assert!(status.ends_with(&line), "{status}");
    let status = lab.run(&["router", "status"]).exits(0).out;
    assert!(status.starts_with(&line), "{status}");
    let router = lab.status()[0]["router"].clone();
    assert_eq!(
        (&router["version"], &router["level"]),
        (&"0.0.9".into(), &1.into())
    );
    let table = lab.run(&["router", "status", "-o", "json"]).exits(0).json();
    assert_eq!(table["program"]["version"], "0.0.9");

    lab.file(&measured());
    for command in ["plan", "deploy"] {
        lab.run(&[command]).exits(5).says(&[
            "WL0464",
            "the router that runs is too old for `router: metrics`",
            "web asks for `router: metrics`",
            "the router is Windlass 0.0.9",
            VERSION,
            "windlass router upgrade",
        ]);
    }
    let begun = lab.run(&["list", "-o", "json"]).exits(0).json();
    assert_eq!(begun.as_array().map(Vec::len), Some(1), "{begun}");
    assert!(is_closed(lab.at("metrics")));

    let running = load(lab.at("web"));
    lab.run(&["router", "upgrade"]).exits(0);
    older.left().exits(0);
    lab.deploy();
    assert_eq!(without_failure(running), ["web=1"]);
    assert_eq!(ask(lab.at("metrics"), "/metrics").unwrap().status, 200);
    let status = lab.run(&["status"]).exits(0).out;
    assert!(status.ends_with(&format!("router {VERSION}\n")), "{status}");
}

#[test]
fn a_controller_that_takes_anothers_place_says_that_the_router_is_still_the_older_one() {
    let lab = Lab::new(FILE);
    let older = older_router(&lab);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    let told = "the router goes on as it is";
    let whole = format!("{told}: router 0.0.9, this controller {VERSION}: windlass router upgrade");
    let serving = lab.start(&["serve", "--replace"]);
    serving.until_said(&whole);
    lab.run(&["router", "upgrade"]).exits(0);
    older.left().exits(0);
    let again = lab.start(&["serve", "--replace"]);
    serving.left().exits(0);
    let said = again.until_said("controller of");
    assert!(!said.contains(told), "{said}");
    lab.run(&["down"]).exits(0);
    again.left().exits(0);
}
