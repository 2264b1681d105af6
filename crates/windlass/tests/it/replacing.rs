//! One controller after another, and one too many.

use crate::lab::{Lab, SOON, Service, answer, ask, eventually, kill, load, without_failure};
use crate::network::on_the_network;

const WEB: &str = "\
app: shop
services:
  web:
    run: ./web
    listen: @web
    ready: /health/ready
    strategy: { canary: [{ to: 20%, bake: 2s }, { to: 100%, bake: 200ms }] }
    bake: 200ms
    drain: 5s
";

fn live() -> Lab {
    let lab = Lab::new(WEB);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.program("web", &Service::new("web", "2"));
    lab
}

#[test]
fn a_controller_is_replaced_in_the_middle_of_a_deployment() {
    let lab = live();
    let router = lab.only("router");
    let load = load(lab.at("web"));
    let following = lab.start(&["deploy"]);
    following.until("bake=2s");
    let old = lab.only("serve");
    let serving = lab.start(&["serve", "--replace"]);
    let left = following.left().exits(0);
    assert!(left.out.contains("result=promoted"), "{}", left.out);
    let new = lab.only("serve");
    assert_ne!(new.pid, old.pid);
    assert!(new.line.iter().any(|word| word == "--replace"), "{new:?}");
    assert_eq!(lab.only("router"), router, "the same router");
    assert_eq!(without_failure(load), ["web=1", "web=2"]);
    lab.run(&["down"]).exits(0);
    serving.left().exits(0);
}

#[test]
fn the_router_is_upgraded_in_the_middle_of_a_deployment() {
    let lab = live();
    let router = lab.only("router");
    let load = load(lab.at("web"));
    let following = lab.start(&["deploy"]);
    following.until("bake=2s");
    let upgraded = lab.run(&["router", "upgrade", "-o", "json"]).exits(0);
    let pid = upgraded.json()["pid"].as_u64();
    let left = following.left().exits(0);
    assert!(left.out.contains("result=promoted"), "{}", left.out);
    eventually("the one before has ended", SOON, || {
        let all = lab.processes();
        let mut routers = all.iter().filter(|process| process.is("router"));
        (routers.clone().count() == 1 && routers.all(|one| one.pid != router.pid)).then_some(())
    });
    assert_eq!(Some(u64::from(lab.only("router").pid)), pid);
    assert_eq!(without_failure(load), ["web=1", "web=2"]);
}

#[test]
fn replacing_nobody_is_serving() {
    let lab = Lab::new(WEB);
    let serving = lab.start(&["serve", "--replace"]);
    eventually("it serves", SOON, || {
        lab.state("run/controller.sock").exists().then_some(())
    });
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.run(&["down"]).exits(0);
    serving.left().exits(0);
}

#[test]
fn a_controller_on_the_network_is_replaced_on_its_own_address() {
    let lab = live();
    let first = on_the_network(&lab, "api");
    let at = lab.at("api").to_string();
    let second = lab.start(&["serve", "--replace", "--listen", &at]);
    first.left().exits(0);
    eventually("the second one answers there", SOON, || {
        ask(lab.at("api"), "/v1/version")
    });
    lab.run(&["down"]).exits(0);
    second.left().exits(0);
}

#[test]
fn one_that_ended_for_another_which_could_not_start_is_told_of() {
    let lab = live();
    let pid = lab.only("serve").pid;
    std::fs::write(lab.state("tokens.json"), "x").unwrap();
    let left = lab.run(&["serve", "--replace"]).exits(6);
    let ended = format!("the controller (pid {pid}) had ended to make room: none runs now");
    left.says(&["tokens.json", &ended, "windlass serve"]);
    assert_eq!(answer(lab.at("web")).chain(), "web=1", "traffic goes on");
    std::fs::remove_file(lab.state("tokens.json")).unwrap();
}

#[test]
fn a_second_controller_is_refused_by_the_name_of_the_first_also_when_that_is_stopped() {
    let lab = live();
    let first = lab.only("serve");
    let pid = first.pid.to_string();
    lab.run(&["serve"])
        .exits(5)
        .says(&[&pid, "serve --replace"]);
    first.signal(rustix::process::Signal::STOP);
    let second = lab.run(&["serve"]);
    let replacing = lab.run(&["serve", "--replace"]);
    first.signal(rustix::process::Signal::CONT);
    second.exits(5).says(&[&pid, "stopped", "kill -CONT"]);
    replacing.exits(69).says(&[&pid, "stopped", "kill -CONT"]);
    assert_eq!(lab.only("serve").pid, first.pid);
}

#[test]
fn what_runs_is_adopted_when_the_journal_is_lost() {
    let lab = live();
    lab.kill_controller();
    for entry in std::fs::read_dir(lab.state("")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("windlass.db") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let told = lab.run(&["status"]).exits(0).out;
    assert!(told.contains("windlass repair --adopt"), "{told}");
    lab.run(&["deploy"])
        .exits(6)
        .says(&["windlass repair --adopt"]);
    assert_eq!(answer(lab.at("web")).chain(), "web=1", "traffic goes on");

    let load = load(lab.at("web"));
    let left = lab.run(&["repair", "--adopt"]).exits(0);
    assert!(
        left.out.contains("adopted: shop in default: web"),
        "{}",
        left.out
    );
    let web = lab.service("web");
    assert_eq!(web["stable"]["weight"], 100, "{web}");
    lab.deploy();
    assert_eq!(without_failure(load), ["web=1", "web=2"]);
}

#[test]
fn a_log_is_followed_across_the_death_of_the_controller() {
    let lab = live();
    let following = lab.start(&["logs", "web", "--follow"]);
    following.until("web 1 starts");
    kill(&lab.only("serve"));
    lab.deploy();
    let told = following.until("web 2 starts");
    assert_eq!(
        told.matches("web 1 starts").count(),
        1,
        "each line once: {told}"
    );
    following.interrupt();
    following.left().exits(130);
}
