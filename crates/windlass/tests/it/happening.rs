//! What dies outside of a deployment leaves a trace that a person can ask for.

use rustix::process::Signal;
use serde_json::Value;

use crate::lab::{Lab, SOON, Service, answer, eventually, kill};

const FILE: &str = "\
app: shop
services:
  web:
    run: ./web
    listen: @web
    ready: /health/ready
    bake: 200ms
";

fn live() -> Lab {
    let lab = Lab::new(FILE);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab
}

/// What was noted of one kind, oldest first.
fn noted(lab: &Lab, kind: &str) -> Vec<Value> {
    let all = lab.run(&["events", "--outside", "-o", "json"]).exits(0);
    let all = all.json().as_array().cloned().unwrap_or_default();
    let of_kind = |it: &Value| it["what"]["happened"] == kind;
    all.into_iter().filter(of_kind).collect()
}

#[test]
fn an_instance_that_was_killed_is_told_with_how_it_ended() {
    let lab = live();
    let port = lab.service("web")["stable"]["instances"][0]["address"].clone();
    let port = port
        .as_str()
        .and_then(|at| at.rsplit(':').next()?.parse().ok());
    kill(&lab.instance_at(port.expect("a port")));
    let ended = eventually("it is noted", SOON, || noted(&lab, "instance_ended").pop());
    assert_eq!(ended["what"]["end"], serde_json::json!({ "killed": 9 }));
    assert_eq!(
        (&ended["service"], &ended["count"]),
        (&"web".into(), &1.into())
    );
    assert_eq!(
        (&ended["app"], &ended["type"]),
        (&"shop".into(), &"happening".into())
    );
    eventually("it answers again", SOON, || {
        (answer(lab.at("web")).chain() == "web=1").then_some(())
    });
    let status = lab.run(&["status"]).exits(0).out;
    assert!(status.contains("web: started again once, last"), "{status}");
    assert!(status.contains("(was killed by signal 9): windlass events --outside"));
    let told = lab.run(&["events", "--outside"]).exits(0).out;
    assert!(
        told.contains("web of shop in default: instance ins_")
            && told.contains("was killed by signal 9; it is started again"),
        "{told}"
    );
    let below = lab.run(&["events"]).exits(0);
    below.says(&["outside of the deployment, since it began: windlass events --outside"]);
    assert!(
        below.out.contains("was killed by signal 9"),
        "{}",
        below.out
    );
}

#[test]
fn one_that_hangs_and_recovers_is_told_and_status_names_its_process() {
    let lab = Lab::new(
        "app: shop
services:
  web:
    run: ./web
    listen: @web
    probes: { ready: { http: /health/ready, every: 50ms, timeout: 200ms, rise: 1, fall: 2 } }
    bake: 200ms
",
    );
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    let stable = lab.service("web")["stable"].clone();
    let instance = &stable["instances"][0];
    let pid = instance["pid"].as_u64().expect("its process");
    let port = instance["address"]
        .as_str()
        .and_then(|at| at.rsplit(':').next());
    let port = port.and_then(|port| port.parse().ok()).expect("a port");
    assert_eq!(u64::from(lab.instance_at(port).pid), pid);
    let status = lab.run(&["status", "-v"]).exits(0);
    let artefact = stable["artefact"].as_str().expect("its folder");
    let folder = format!(": releases/{artefact}\n");
    assert!(status.out.contains(&folder), "{}", status.out);
    assert!(lab.state("releases").join(artefact).is_dir());
    let row = status
        .out
        .lines()
        .find(|line| line.starts_with(&pid.to_string()));
    assert!(row.is_some_and(|row| row.contains("web")), "{}", status.out);

    let process = lab.instance_at(port);
    process.signal(Signal::STOP);
    let lost = eventually("it is noted", SOON, || {
        noted(&lab, "instance_unready").pop()
    });
    assert_eq!(lost["what"]["saw"], "no answer in 200ms");
    process.signal(Signal::CONT);
    let again = eventually("it is noted", SOON, || {
        noted(&lab, "instance_ready_again").pop()
    });
    assert_eq!(again["what"]["since_us"], lost["at_us"]);
    let told = lab.run(&["events", "--outside"]).exits(0).out;
    for said in [
        "answers its readiness probe no more (last seen: no answer in 200ms)",
        "is ready again after ",
    ] {
        assert!(told.contains(said), "{told}");
    }
    assert_eq!(noted(&lab, "instance_ended"), [] as [Value; 0]);
}

#[test]
fn a_router_and_a_controller_that_were_killed_are_told() {
    let lab = live();
    kill(&lab.only("router"));
    let restarted = eventually("it is noted", SOON, || {
        noted(&lab, "router_restarted").pop()
    });
    assert_eq!(restarted["what"]["end"], serde_json::json!({ "killed": 9 }));
    let status = lab.run(&["status"]).exits(0).out;
    assert!(status.contains(", started again once, last"), "{status}");
    lab.kill_controller();
    let started = eventually("it is noted", SOON, || {
        noted(&lab, "controller_started").pop()
    });
    assert_eq!(started["what"]["after_death"], true);
}

#[test]
fn what_died_while_no_controller_was_there_is_told_as_found() {
    let lab = live();
    let port = lab.service("web")["stable"]["instances"][0]["address"].clone();
    let port = port
        .as_str()
        .and_then(|at| at.rsplit(':').next()?.parse().ok());
    let instance = lab.instance_at(port.expect("a port"));
    lab.kill_controller();
    kill(&instance);
    eventually("it answers again", SOON, || {
        (answer(lab.at("web")).chain() == "web=1").then_some(())
    });
    let ended = eventually("it is noted", SOON, || noted(&lab, "instance_ended").pop());
    assert!(
        ended["found_us"].as_i64() > ended["at_us"].as_i64(),
        "{ended}"
    );
    let told = lab.run(&["events", "--outside"]).exits(0).out;
    assert!(told.contains(", found when a controller started"), "{told}");
}

#[test]
fn whoever_follows_hears_of_it_as_it_happens() {
    let lab = live();
    let following = lab.start(&["events", "--outside", "--follow"]);
    following.until("a controller started");
    kill(&lab.only("router"));
    following.until("the router was killed by signal 9; it was started again");
    following.interrupt();
    following.left().exits(130);
}
