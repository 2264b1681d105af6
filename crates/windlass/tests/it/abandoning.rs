//! What an abandoned deployment leaves acts no more, and is put right.

use std::time::Duration;

use rustix::process::Signal;

use crate::lab::{Lab, Process, SOON, Service, answer, eventually, found};

const WEB: &str = "\
app: shop
services:
  web:
    run: ./web
    listen: @web
    ready: /health/ready
    strategy: { canary: [{ to: 50%, bake: 10m }, { to: 100%, bake: 200ms }] }
    bake: 200ms
    drain: 1s
    rollback_within: 2s
";

/// Longer than the tries of a route take to see an instance answer again.
const LATE: Duration = Duration::from_secs(3);

/// Version one is stable and answers nobody, version two has one half and was abandoned so.
fn abandoned() -> (Lab, Process) {
    let lab = Lab::new(WEB);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.program("web", &Service::new("web", "2"));
    lab.run(&["deploy", "--detach"]).exits(0);
    let web = eventually("it has one half", SOON, || {
        let web = lab.service("web");
        (web["candidate"]["weight"] == 50).then_some(web)
    });
    let address = web["stable"]["instances"][0]["address"].as_str();
    let port = address.and_then(|it| it.rsplit(':').next()?.parse().ok());
    let one = lab.instance_at(port.expect("a port"));
    one.signal(Signal::STOP);
    lab.run(&["abort"]).exits(6);
    lab.run(&["repair", &lab.last(), "--abandon"]).exits(6);
    (lab, one)
}

fn services(lab: &Lab) -> usize {
    let all = lab.processes().into_iter();
    all.filter(|process| process.is("demo-service")).count()
}

#[test]
fn an_abandoned_way_back_takes_nothing_from_what_is_promoted_later() {
    let (lab, one) = abandoned();
    lab.file(&WEB.replace("10m", "200ms"));
    lab.program("web", &Service::new("web", "3"));
    lab.deploy();
    assert_eq!(answer(lab.at("web")).chain(), "web=3");
    one.signal(Signal::CONT);
    let other = || {
        let chain = answer(lab.at("web")).chain().to_owned();
        (chain != "web=3").then_some(chain)
    };
    assert_eq!(found(LATE, other), None, "its way back came late");
    eventually("what was abandoned is ended", SOON, || {
        (services(&lab) == 2).then_some(())
    });
    let left = lab.run(&["doctor"]).exits(0);
    assert!(left.out.contains("each in a slot"), "{}", left.out);
}

#[test]
fn a_new_controller_gives_what_is_stable_all_and_ends_what_was_abandoned() {
    let (lab, one) = abandoned();
    one.signal(Signal::CONT);
    let left = lab.run(&["doctor"]).exits(0);
    for text in [
        "is stable and gets 50 % of the requests",
        "no slot has ins_",
    ] {
        assert!(left.out.contains(text), "{}", left.out);
    }
    lab.kill_controller();
    eventually("all of it goes to what is stable", SOON, || {
        (lab.service("web")["stable"]["weight"] == 100).then_some(())
    });
    eventually("what was abandoned is ended", SOON, || {
        (services(&lab) == 1).then_some(())
    });
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    let left = lab.run(&["doctor"]).exits(0);
    assert!(left.out.contains("each in a slot"), "{}", left.out);
}
