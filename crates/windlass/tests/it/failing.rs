//! A candidate that is no good: what it ends with, what is said, and where the traffic is.

use crate::lab::{Breaks, Lab, Left, Service, answer, is_closed, load, without_failure};

/// One service that must be ready within two seconds.
const WEB: &str = "\
app: shop
services:
  web:
    run: ./web
    listen: @web
    probes: { ready: { http: /, every: 100ms, timeout: 1s, fall: 2, within: 2s } }
    bake: 500ms
    drain: 5s
";

/// A lab where version 1 serves.
fn live(file: &str) -> Lab {
    let lab = Lab::new(file);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab
}

/// Deploys a bad version 2 under load: back at version 1, and no request has failed.
#[track_caller]
fn turned_down(lab: &Lab, breaks: Breaks) -> Left {
    let load = load(lab.at("web"));
    lab.program("web", &Service::new("web", "2").breaks(breaks));
    let left = lab.run(&["deploy"]).exits(3);
    assert_eq!(without_failure(load), ["web=1"]);
    assert!(left.out.contains("result=rolled_back"), "{}", left.out);
    left.says(&[
        "error[WL0402]",
        "is back at the previous releases: web failed",
    ]);
    left.says(&["traffic now: web 100 %", "still running: web"]);
    left.says(&[
        "hint: windlass logs web, mend it, then: windlass deploy",
        "windlass retry dep_",
    ]);
    let web = lab.service("web");
    assert_eq!(web["stable"]["weight"], 100, "{web}");
    assert!(web["candidate"].is_null(), "{web}");
    left
}

#[test]
fn a_candidate_that_ends_at_once_is_told_with_its_status() {
    let lab = live(WEB);
    turned_down(&lab, Breaks::AtOnce(7)).says(&[
        "exited with status 7",
        "web printed last:",
        "web 2 starts on port ",
        "it is broken",
    ]);
    let shown = lab.run(&["show", &lab.last()]).exits(0).out;
    assert!(shown.contains("\n  it is broken\n"), "{shown}");
    let json = lab.run(&["show", &lab.last(), "-o", "json"]).json();
    let lines = &json["services"]["web"]["last_lines"];
    let lines = lines.as_object().and_then(|all| all.values().next());
    let last = lines.and_then(|lines| lines.as_array()?.last());
    assert_eq!(last, Some(&"it is broken".into()), "{json}");
    let logs = lab.run(&["logs", "web"]).exits(0).out;
    assert!(logs.contains("it is broken"), "its log is kept: {logs}");
}

#[test]
fn a_candidate_that_never_listens_is_told_with_what_was_expected() {
    let lab = live(WEB);
    let left = turned_down(&lab, Breaks::Deaf);
    left.says(&["was not ready in time; last answer:"]);
    left.says(&["expected: 2xx or 3xx from GET /, 2 times in a row, within 2s"]);
    // Whoever comes later sees that what runs is not what was deployed last.
    let stable = lab.service("web")["stable"]["version"].clone();
    let told = lab.run(&["status"]).exits(0).out;
    let runs_on = format!(
        "{} runs on: windlass show {}",
        stable.as_str().unwrap(),
        lab.last()
    );
    for said in [
        "the last deployment failed at ",
        "was not ready in time",
        &runs_on,
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    lab.program("web", &Service::new("web", "3"));
    lab.deploy();
    let told = lab.run(&["status"]).exits(0).out;
    assert!(!told.contains("the last deployment"), "{told}");
}

#[test]
fn a_candidate_that_answers_badly_is_told_with_its_last_answer() {
    let lab = live(WEB);
    turned_down(&lab, Breaks::Always).says(&["last answer: HTTP 500"]);
}

#[test]
fn a_failed_candidate_is_kept_for_a_look_when_somebody_asks_for_it() {
    let lab = live(WEB);
    lab.program("web", &Service::new("web", "2").breaks(Breaks::Always));
    let left = lab.run(&["deploy", "--keep-failed"]).exits(3);
    let web = lab.service("web");
    assert_eq!(web["stable"]["weight"], 100, "{web}");
    assert!(web["candidate"].is_null(), "{web}");
    let address = |web: &serde_json::Value| web["failed"]["instances"][0]["address"].clone();
    let at = address(&web).as_str().expect("it runs").parse().unwrap();
    assert_eq!(answer(at).status, 500, "it still answers, without traffic");
    left.says(&["failed and is kept at 127.0.0.1:", "windlass finalize dep_"]);
    let shown = lab.run(&["status"]).exits(0).out;
    assert!(shown.contains("failed"), "{shown}");

    // The next deployment takes it away first, and may leave another.
    lab.program("web", &Service::new("web", "3").breaks(Breaks::Always));
    let left = lab.run(&["deploy", "--keep-failed"]).exits(3);
    left.says(&["which failed"]);
    assert!(is_closed(at), "the first one is gone");
    let web = lab.service("web");
    let at = address(&web).as_str().expect("it runs").parse().unwrap();
    let id = web["failed_kept_by"].as_str().expect("an id").to_owned();
    for _again in 0..2 {
        let _said = lab.run(&["finalize", &id]).exits(0);
        assert!(is_closed(at), "nothing is left");
        assert!(lab.service("web")["failed"].is_null());
    }
}

#[test]
fn a_candidate_that_loses_readiness_in_its_bake_goes_back() {
    let lab = live(WEB);
    let bad = lab.tmp().join("bad");
    let breaks = Breaks::Once(bad.display().to_string());
    lab.program("web", &Service::new("web", "2").breaks(breaks));
    lab.file(&WEB.replace("500ms", "10m"));
    let following = lab.start(&["deploy"]);
    following.until("bake=10m");
    assert_eq!(answer(lab.at("web")).chain(), "web=2");

    std::fs::write(bad, "").unwrap();
    let left = following.left().exits(3);
    // Controller and router ask it both: whichever sees it first says so.
    let seen = ["is no longer ready; last answer:", "is ready any more"];
    assert!(
        seen.iter().any(|saw| left.err.contains(saw)),
        "{}",
        left.err
    );
    left.says(&["web failed", "traffic now: web 100 %", "still running: web"]);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
}

#[test]
fn a_first_deployment_that_fails_leaves_nothing_routed_and_nothing_running() {
    for (breaks, said) in [
        (Breaks::AtOnce(7), "exited with status 7"),
        (Breaks::Always, "last answer: HTTP 500"),
    ] {
        let lab = Lab::new(WEB);
        lab.program("web", &Service::new("web", "1").breaks(breaks));
        let left = lab.run(&["deploy"]).exits(1);
        left.says(&["error[WL0401]", "failed and nothing ran before: web failed"]);
        left.says(&[said, "traffic now: none", "still running: nothing"]);
        assert!(is_closed(lab.at("web")));
        let instances = lab.processes();
        let instances = instances
            .iter()
            .filter(|it| !it.is("serve") && !it.is("router"));
        assert_eq!(instances.count(), 0, "{:?}", lab.processes());
        let logs = lab.run(&["logs", "web"]).exits(0).out;
        assert!(logs.contains("web 1 starts"), "its log is kept: {logs}");

        lab.program("web", &Service::new("web", "2"));
        lab.deploy();
        assert_eq!(answer(lab.at("web")).chain(), "web=2");
    }
}

#[test]
fn a_program_that_cannot_run_is_refused_before_anything_moves() {
    let lab = live(WEB);
    let refused = |said: &[&str]| {
        let left = lab.run(&["deploy"]).exits(65);
        left.says(said);
        left.says(&["nothing was changed"]);
        assert_eq!(answer(lab.at("web")).chain(), "web=1");
    };
    lab.program("web", &Service::new("web", "2"));
    std::process::Command::new("chmod")
        .arg("a-x")
        .arg(lab.app("web"))
        .status()
        .unwrap();
    refused(&["./web", "not executable"]);
    std::fs::remove_file(lab.app("web")).unwrap();
    refused(&["./web"]);
    lab.script("web", "#!/nowhere/at/all\n");
    refused(&["./web", "/nowhere/at/all", "not here"]);
}

#[test]
fn a_program_that_the_kernel_cannot_start_is_told_and_all_stays_as_it_was() {
    let lab = live(WEB);
    // Begins like the binary of this very machine, and goes no further.
    let whole = std::fs::read(env!("CARGO_BIN_EXE_windlass")).unwrap();
    std::fs::write(lab.app("web"), &whole[..64]).unwrap();
    let left = lab.run(&["deploy"]).exits(3);
    left.says(&["could not be started", "./web"]);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
}

/// The warm way back of the deployment before: it makes room for a candidate, good or bad.
#[test]
fn a_standby_that_made_room_for_what_failed_is_told_with_the_way_further_back() {
    let lab = live(WEB);
    let first = lab.service("web")["stable"]["version"].clone();
    lab.program("web", &Service::new("web", "2"));
    lab.deploy();
    lab.program("web", &Service::new("web", "3").breaks(Breaks::AtOnce(7)));
    let first = first.as_str().unwrap();
    lab.run(&["deploy"]).exits(3).says(&[
        &format!("no longer warm: web {first}, which made room when this began"),
        &format!("further back: windlass rollback web --to {first}"),
    ]);
    lab.run(&["rollback", "web", "--to", first]).exits(0);
}

#[test]
fn a_failed_start_of_what_was_taken_down_does_not_say_that_nothing_ever_ran() {
    let lab = live(WEB);
    lab.run(&["down", "--yes"]).exits(0);
    lab.program("web", &Service::new("web", "2").breaks(Breaks::AtOnce(7)));
    let left = lab.run(&["deploy"]).exits(1);
    left.says(&[
        "WL0401",
        "shop in default failed and was down before: web failed",
    ]);
    let id = lab.last();
    let status = lab.run(&["status"]).exits(0).out;
    assert!(status.contains("nothing runs: taken down at "), "{status}");
    assert!(
        status.contains("what was to start it failed at "),
        "{status}"
    );
    assert!(status.contains(&format!("windlass show {id}")), "{status}");
    lab.program("web", &Service::new("web", "3"));
    lab.deploy();
    assert_eq!(answer(lab.at("web")).chain(), "web=3");
}
