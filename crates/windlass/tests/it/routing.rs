//! What a person asks of a router directly, with and without a controller.

use std::net::TcpListener;

use crate::lab::{Lab, SOON, Service, answer, eventually};

const ALONE: &str = "\
services:
  web:
    listen: @web
    origins:
      v1: { at: @one, share: 100% }
      v2: @two
";

/// A canary that waits at its first step.
const CANARY: &str = "\
app: shop
services:
  web:
    run: ./web
    listen: @web
    ready: /health/ready
    strategy: { canary: [{ to: 20%, bake: 10m }, { to: 100%, bake: 200ms }] }
    bake: 200ms
";

#[test]
fn a_router_alone_serves_its_file_and_tells_what_is_wrong_with_it() {
    let lab = Lab::new(ALONE);
    // Whoever takes a router's place wants to see its origins.
    let _origins = ["one", "two"].map(|name| TcpListener::bind(lab.at(name)).unwrap());
    let file = lab.app("windlass.yaml").display().to_string();
    lab.run(&["router", "status"]).exits(69).says(&[
        "WL0420",
        "no router answers",
        "windlass router --config FILE",
    ]);
    lab.run(&["router", "--config", "none.yaml"])
        .exits(65)
        .says(&["WL0410", "name a file that is there with --config FILE"]);
    let router = lab.start(&["router", "--config", &file]);
    eventually("it answers", SOON, || {
        (lab.run(&["router", "status"]).code == 0).then_some(())
    });
    let moved = lab.run(&["router", "split", "web", "v2=25%"]).exits(0);
    moved.says(&["way back: all to v1", "windlass router rollback"]);
    assert_eq!(moved.out, "web: v1 75 %, v2 25 %\n");
    let table = lab.run(&["router", "status", "-o", "json"]).exits(0).json();
    assert_eq!(table["alone"], true);
    lab.run(&["router", "split", "wob", "v2=25%"])
        .exits(64)
        .says(&["WL0421", "serves no `wob`", "did you mean web?"]);
    lab.run(&["router", "split", "web", "v3=25%"])
        .exits(64)
        .says(&["WL0421", "no origin `v3`", "it has v1, v2"]);
    pauses(&lab);
    reloads(&lab);
    let upgraded = lab.run(&["router", "upgrade"]).exits(0);
    let told = upgraded.out;
    assert!(told.contains("is the router now (pid "), "{told}");
    assert!(told.ends_with("has 30s to end\n"), "{told}");
    router.left().exits(0);
    let back = lab.run(&["router", "rollback"]).exits(0).out;
    assert_eq!(back, "web: v1 100 %, v2 0 %\n");
    lab.run(&["router", "rollback"])
        .exits(5)
        .says(&["WL0426", "no split to go back from"]);
    a_second_one_is_refused(&lab, &file);
    told_that_no_controller_is_there(&lab);
    lab.only("router").signal(rustix::process::Signal::TERM);
    eventually("it has ended", SOON, || {
        (lab.run(&["router", "status"]).code == 69).then_some(())
    });

    lab.file("services: { web: { listen: @web, origins: { v1: here } } }\n");
    lab.run(&["router", "--config", &file])
        .exits(65)
        .says(&["`here` is not an address"]);
}

#[test]
fn what_the_disk_does_not_take_is_served_and_told_to_be_lost_with_the_router() {
    let lab = Lab::new(ALONE);
    let _origins = ["one", "two"].map(|name| TcpListener::bind(lab.at(name)).unwrap());
    let file = lab.app("windlass.yaml").display().to_string();
    // The disk takes no table as long as this lies in its way.
    let in_the_way = lab.state("router/table.json.new");
    // Made by the lab's own user, whose folders they are.
    let script = format!("mkdir -p {}", in_the_way.display());
    lab.start_command(lab.shell(&script)).left().exits(0);
    let router = lab.start(&["router", "--config", &file]);
    let status = || lab.run(&["router", "status"]).out;
    eventually("it says so", SOON, || {
        let told = "what it serves can't be kept on disk, and a restart begins with what was kept before: ";
        status().contains(told).then_some(())
    });
    lab.run(&["router", "split", "web", "v2=25%"])
        .exits(5)
        .says(&[
            "WL0427",
            "the table could not be kept",
            "make room on the disk",
        ]);
    let told = lab.run(&["router", "pause", "--maintenance"]).exits(0).out;
    assert!(
        told.starts_with(
            "web shows its maintenance page until it is resumed\n\
             not kept on disk: a restart of the router undoes it\n"
        ),
        "{told}"
    );
    assert_eq!(answer(lab.at("web")).status, 503);
    let resumed = lab.run(&["router", "resume", "-o", "json"]).exits(0).json();
    assert_eq!(resumed[0]["kept"], false);

    std::fs::remove_dir(&in_the_way).unwrap();
    eventually("it is kept", SOON, || {
        (!status().contains("can't be kept")).then_some(())
    });
    let resumed = lab.run(&["router", "resume", "-o", "json"]).exits(0).json();
    assert_eq!(resumed[0]["kept"], true);
    router.interrupt();
    let said = router.left().exits(0);
    assert!(said.err.contains("can't keep it on disk"), "{}", said.err);
}

/// Whatever it was to tell of its work: what of that can't be read is told first.
fn a_second_one_is_refused(lab: &Lab, file: &str) {
    let mut second = lab.command(&["router", "--config", file]);
    second.env("WINDLASS_LOG", "info,windlass_router=loud");
    lab.start_command(second).left().exits(5).says(&[
        "WINDLASS_LOG is not used",
        "\"windlass_router=loud\" in it can't be read",
        "WL0428",
        "another router (pid ",
        "--state-dir",
    ]);
}

/// Who looks hears what the router serves; who wants a deployment, that none can be here.
fn told_that_no_controller_is_there(lab: &Lab) {
    let told = lab.run(&["status"]).exits(0).out;
    assert!(
        told.starts_with("a router runs here alone, by its file: no controller decides"),
        "{told}"
    );
    let served = format!("it serves web on {}: v1 100 %, v2 0 %\n", lab.at("web"));
    assert!(told.contains(&served), "{told}");
    assert!(told.ends_with("next: windlass router status\n"), "{told}");
    let none = lab.run(&["status", "-o", "json"]).exits(0).json();
    assert_eq!(none, serde_json::json!([]));
    lab.run(&["list"]).exits(69).says(&[
        "WL0456",
        "a router runs here alone",
        "windlass router status",
    ]);
    let doctor = lab.run(&["doctor"]).exits(0).out;
    assert!(doctor.contains("none runs, and none can"), "{doctor}");
}

/// A pause is shown until it is resumed.
fn pauses(lab: &Lab) {
    let paused = lab
        .run(&["router", "pause", "web", "--within", "1s"])
        .exits(0);
    assert_eq!(
        paused.out,
        "web is paused until it is resumed\n  0 requests wait; one that has waited 1s, or finds 5,000 \
         waiting, is answered 503\n"
    );
    let timed = lab
        .run(&["router", "pause", "web", "--for", "1h"])
        .exits(0)
        .out;
    assert!(timed.starts_with("web is paused until "), "{timed}");
    assert!(
        timed.contains(" left), then requests are let on\n"),
        "{timed}"
    );
    let table = lab.run(&["router", "status"]).exits(0).out;
    assert!(
        table.contains(" left), then requests are let on\n"),
        "{table}"
    );
    lab.run(&["router", "pause", "web"]).exits(0);
    let table = lab.run(&["router", "status"]).exits(0).out;
    assert!(
        table.contains("web is paused until it is resumed"),
        "{table}"
    );
    let paged = lab
        .run(&[
            "router",
            "pause",
            "--maintenance",
            "--for",
            "1h",
            "-o",
            "json",
        ])
        .exits(0);
    assert_eq!(paged.json()[0]["passage"], "maintenance");
    let told = answer(lab.at("web"));
    assert_eq!(told.status, 503);
    lab.run(&["router", "pause", "wob"])
        .exits(64)
        .says(&["serves no `wob`"]);
    let open = lab.run(&["router", "resume"]).exits(0).out;
    assert_eq!(open, "web takes requests\n");
}

/// What is wrong with a file is told, and what was in effect stays.
fn reloads(lab: &Lab) {
    let none = lab.run(&["router", "reload"]).exits(0).out;
    assert_eq!(none, "the file says what it said\n");
    lab.file(&ALONE.replace("v2: @two", "v2: there"));
    lab.run(&["router", "reload"]).exits(65).says(&[
        "WL0451",
        "`there` is not an address",
        "what was in effect stays",
    ]);
    std::fs::write(lab.app("page.html"), "<h1>Closed</h1>").expect("written");
    let with = |page: &str| {
        ALONE.replace(
            "    listen:",
            &format!("    maintenance: {{ page: {page} }}\n    listen:"),
        )
    };
    lab.file(&with("none.html"));
    lab.run(&["router", "reload"])
        .exits(65)
        .says(&["none.html"]);
    lab.file(&with("page.html"));
    let took = lab.run(&["router", "reload"]).exits(0).out;
    assert_eq!(took, "took up web\n");
}

#[test]
fn a_person_goes_back_at_the_router_of_a_dead_controller_and_the_deployment_follows() {
    let lab = Lab::new(CANARY);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.program("web", &Service::new("web", "2"));
    lab.run(&["deploy", "--detach"]).exits(0);
    eventually("it is watched at its first step", SOON, || {
        lab.run(&["events"]).out.contains("bake=10m").then_some(())
    });
    lab.kill_controller();

    let told = lab.run(&["router", "status"]).exits(0).out;
    assert!(
        told.contains("shop/default/web") && told.contains("20 %"),
        "{told}"
    );
    let refused = [
        &["split", "web", "x=50%"][..],
        &["pause"],
        &["resume", "web"],
        &["reload"],
    ];
    for verb in refused {
        lab.run(&[&["router"], verb].concat()).exits(5).says(&[
            "WL0422",
            "a controller decides",
            "windlass router rollback",
        ]);
    }
    let back = lab.run(&["router", "rollback"]).exits(0).out;
    assert!(
        back.contains(" 100 %, ") && back.contains(" 0 %\n"),
        "{back}"
    );
    for _ in 0..20 {
        assert_eq!(answer(lab.at("web")).chain(), "web=1");
    }
    let ended = lab.run(&["events", "--follow"]).exits(3).out;
    assert!(ended.contains("a person asked the router"), "{ended}");
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
}

/// What mends a router alone that does not run.
const AGAIN: &str = "start it again by its file: windlass router --config FILE";

#[test]
fn a_router_alone_that_was_killed_is_started_again_by_its_file_and_all_who_are_asked_say_so() {
    let lab = Lab::new(ALONE);
    let _origins = ["one", "two"].map(|name| TcpListener::bind(lab.at(name)).unwrap());
    let file = lab.app("windlass.yaml").display().to_string();
    let router = lab.start(&["router", "--config", &file]);
    eventually("it answers", SOON, || {
        (lab.run(&["router", "status"]).code == 0).then_some(())
    });
    router.kill();
    let doctor = lab.run(&["doctor"]).exits(6).out;
    let words = doctor.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(AGAIN), "{doctor}");
    assert!(!words.contains("any command starts"), "{doctor}");
    lab.run(&["status"])
        .exits(69)
        .says(&["WL0456", "now none answers", AGAIN]);
    let router = lab.start(&["router", "--config", &file]);
    eventually("it answers again", SOON, || {
        (lab.run(&["router", "status"]).code == 0).then_some(())
    });
    router.terminate();
    router.left().exits(0);
}
