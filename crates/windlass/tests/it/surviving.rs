//! The controller dies; traffic does not notice, and the next command goes on.

use std::fs;

use crate::lab::{Lab, SOON, Service, answer, ask, eventually, kill, load, without_failure};

/// A canary that waits at its first step until it is told to go on.
fn file(bake: &str) -> String {
    format!(
        "\
app: shop
services:
  web:
    run: ./web
    listen: @web
    ready: /health/ready
    strategy: {{ canary: [{{ to: 20%, bake: {bake} }}, {{ to: 100%, bake: 200ms }}] }}
    bake: 200ms
    drain: 5s
"
    )
}

fn live(bake: &str) -> Lab {
    let lab = Lab::new(&file(bake));
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.program("web", &Service::new("web", "2"));
    lab
}

#[test]
fn a_controller_killed_in_mid_canary_is_followed_by_one_that_goes_on() {
    let lab = live("2s");
    let router = lab.only("router");
    let load = load(lab.at("web"));
    lab.run(&["deploy", "--detach"]).exits(0);
    eventually("it is watched", SOON, || {
        let told = lab.run(&["events"]).out;
        told.contains("bake=2s").then_some(())
    });
    let dead = lab.kill_controller();
    let before = load.snapshot().good();
    eventually("both versions go on without it", SOON, || {
        (load.snapshot().good() > before + 100).then_some(())
    });

    let told = lab.run(&["events", "--follow"]).exits(0).out;
    assert!(told.contains("result=promoted"), "{told}");
    assert_ne!(lab.only("serve").pid, dead.pid);
    assert_eq!(lab.only("router"), router, "the same router");
    eventually("version 2 answers", SOON, || {
        (answer(lab.at("web")).chain() == "web=2").then_some(())
    });
    assert_eq!(without_failure(load), ["web=1", "web=2"]);
}

#[test]
fn who_follows_brings_a_dead_controller_back() {
    let lab = live("1s");
    let load = load(lab.at("web"));
    let following = lab.start(&["deploy"]);
    following.until("bake=1s");
    kill(&lab.only("serve"));
    let left = following.left().exits(0);
    left.says(&["the controller was gone; it is back as process"]);
    assert!(left.out.contains("result=promoted"), "{}", left.out);
    assert_eq!(without_failure(load), ["web=1", "web=2"]);
}

/// D14.
#[test]
fn the_lock_of_a_deployment_outlives_its_controller() {
    let lab = live("1m");
    lab.run(&["deploy", "--detach"]).exits(0);
    let holder = lab.last();
    lab.kill_controller();
    lab.program("web", &Service::new("web", "3"));
    let refused = lab.run(&["deploy"]).exits(5);
    refused.says(&[&holder]);
    lab.run(&["abort", &holder]).exits(0);
    lab.run(&["events", &holder, "--follow"]).exits(3);
}

#[test]
fn a_stopped_controller_is_named_by_its_process() {
    let lab = live("1s");
    let stopped = lab.only("serve");
    stopped.signal(rustix::process::Signal::STOP);
    let left = lab.run(&["status"]);
    stopped.signal(rustix::process::Signal::CONT);
    left.exits(69).says(&[&stopped.pid.to_string(), "stopped"]);
}

#[test]
fn a_stopped_router_is_named_at_once_with_what_helps() {
    let lab = live("200ms");
    let router = lab.only("router");
    router.signal(rustix::process::Signal::STOP);
    let told = lab.run(&["status"]).exits(0).out;
    let pid = router.pid;
    for text in [
        format!("no answer from the router (process {pid}), the last was at "),
        format!("it is stopped by a signal, and so is the traffic\nnext: kill -CONT {pid}\n"),
        "1/1 running".to_owned(),
    ] {
        assert!(told.contains(&text), "{text:?} is not in: {told}");
    }
    assert_eq!(lab.status()[0]["router_silent"]["pid"], pid);
    let said = lab.run(&["doctor"]).out;
    assert!(
        said.contains(&format!("pid {pid} is stopped by a signal")),
        "{said}"
    );
    router.signal(rustix::process::Signal::CONT);
    eventually("it answers again", SOON, || {
        lab.status()[0]["router_silent"].is_null().then_some(())
    });
}

#[test]
fn of_many_commands_on_a_bare_machine_one_starts_the_controller() {
    let lab = Lab::new(&file("1s"));
    lab.program("web", &Service::new("web", "1"));
    let racing: Vec<_> = (0..6).map(|_| lab.start(&["plan", "-o", "json"])).collect();
    let plans: Vec<_> = racing
        .into_iter()
        .map(|it| it.left().exits(0).json())
        .collect();
    assert!(plans.iter().all(|plan| plan["id"] == plans[0]["id"]));
    eventually("who lost the race has ended", SOON, || {
        let all = lab.processes();
        let controllers = all.iter().filter(|process| process.is("serve"));
        (controllers.count() == 1).then_some(())
    });
    let routers = lab.processes().iter().filter(|it| it.is("router")).count();
    assert_eq!(routers, 0, "a plan needs none");
}

#[test]
fn a_router_that_lost_its_table_and_died_is_told_again_by_the_controller_that_lives() {
    let lab = live("2s");
    fs::remove_file(lab.state("router/table.json")).unwrap();
    let dead = lab.only("router");
    kill(&dead);
    eventually("version 1 answers again", SOON, || {
        let answer = ask(lab.at("web"), "/")?;
        (answer.chain() == "web=1").then_some(())
    });
    assert_ne!(lab.only("router").pid, dead.pid);
    // The address is still its own.
    lab.run(&["deploy"]).exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
}

#[test]
fn a_canary_goes_back_when_the_router_lost_its_table_and_died() {
    let lab = live("1m");
    lab.run(&["deploy", "--detach"]).exits(0);
    eventually("it is watched", SOON, || {
        let told = lab.run(&["events"]).out;
        told.contains("bake=1m").then_some(())
    });
    for file in ["table.json", "table.second.json"] {
        fs::write(lab.state("router").join(file), "garbage").unwrap();
    }
    kill(&lab.only("router"));
    let told = lab.run(&["events", "--follow"]).exits(3).out;
    assert!(told.contains("the router had lost its table"), "{told}");
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
}

#[test]
fn a_canary_goes_on_when_only_the_table_of_a_router_that_died_is_damaged() {
    let lab = live("1m");
    lab.run(&["deploy", "--detach"]).exits(0);
    eventually("it is watched", SOON, || {
        let told = lab.run(&["events"]).out;
        told.contains("bake=1m").then_some(())
    });
    fs::write(lab.state("router/table.json"), "garbage").unwrap();
    let dead = lab.only("router");
    kill(&dead);
    let damaged = "the table on disk could not be used when it began: its first line is not the SHA-256 of the rest";
    eventually("the next router says so", SOON, || {
        let left = lab.run(&["router", "status"]);
        let shares = left.out.contains("20 %") && left.out.contains("80 %");
        (shares && left.out.contains(damaged)).then_some(())
    });
    let state = fs::read_dir(lab.state("router")).unwrap();
    let names = state.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.contains("damaged-")).count(), 1);
    lab.run(&["promote"]).exits(0);
    eventually("the new one is stable", SOON, || {
        let answer = ask(lab.at("web"), "/")?;
        (answer.chain() == "web=2").then_some(())
    });
}

/// What a logout does to the folder of a session.
#[test]
fn wiped_sockets_are_made_anew_by_who_lives() {
    let lab = live("1s");
    let (router, controller) = (lab.only("router"), lab.only("serve"));
    fs::remove_dir_all(lab.state("run")).unwrap();
    eventually("the controller can be asked again", SOON, || {
        (lab.run(&["status"]).code == 0).then_some(())
    });
    // The router's socket matters to whoever comes next.
    eventually("the router can be found again", SOON, || {
        let found = lab.run(&["doctor"]).out;
        found
            .contains("lives, 1 service in its table")
            .then_some(())
    });
    kill(&controller);
    lab.run(&["deploy"]).exits(0);
    assert_eq!(lab.only("router"), router, "the same router");
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
}
