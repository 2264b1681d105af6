//! What a person says to a deployment, and what is refused.

use serde_json::Value;

use crate::lab::{
    Following, Lab, SOON, Service, answer, eventually, is_closed, load, without_failure,
};

/// One service that is watched for ten minutes, but for its first deployment.
const WEB: &str = "\
app: shop
services:
  web: { run: ./web, listen: @web, ready: /health/ready, bake: 10m, drain: 5s }
";

/// Version 1 is live, and the file says that the next one is watched for long.
fn live() -> Lab {
    let lab = Lab::new(&WEB.replace("10m", "200ms"));
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.file(WEB);
    lab.program("web", &Service::new("web", "2"));
    lab
}

/// Somebody follows the deployment of version 2, which is being watched.
fn baking() -> (Lab, Following, String) {
    let lab = live();
    let following = lab.start(&["deploy"]);
    following.until("bake=10m");
    let id = lab.last();
    (lab, following, id)
}

/// How a deployment stands.
fn state(lab: &Lab, id: &str) -> Value {
    lab.run(&["show", id, "-o", "json"]).exits(0).json()["state"].clone()
}

#[test]
fn abort_goes_back_and_each_side_ends_as_it_must() {
    let (lab, following, id) = baking();
    let load = load(lab.at("web"));
    let aborting = lab.run(&["abort", &id]).exits(0);
    assert!(aborting.out.contains("result=rolled_back"), "{aborting:?}");
    assert!(aborting.out.contains("traffic: web 100 %"), "{aborting:?}");
    let left = following.left().exits(3);
    left.says(&["mira aborted it", "traffic now: web 100 %"]);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    let chains = without_failure(load);
    assert!(chains.contains(&"web=1".to_owned()), "{chains:?}");

    let again = lab.run(&["abort", &id]).exits(5);
    again.says(&["it has ended", "it went back to the previous releases"]);
}

#[test]
fn the_abort_of_a_first_deployment_leaves_nothing_routed() {
    let lab = Lab::new(WEB);
    lab.program("web", &Service::new("web", "1"));
    let following = lab.start(&["deploy"]);
    following.until("bake=10m");
    lab.run(&["abort"]).exits(0);
    following
        .left()
        .exits(3)
        .says(&["nothing ran before", "mira aborted it"]);
    assert!(is_closed(lab.at("web")));
    assert_eq!(lab.service("web")["stable"], Value::Null);
}

#[test]
fn abort_without_waiting_returns_once_it_is_journalled() {
    let (lab, following, id) = baking();
    // Another application's folder: it is not that one that is meant.
    let blog = lab.tmp().join("windlass.yaml");
    std::fs::write(&blog, "app: blog\n").unwrap();
    let left = lab.run(&["abort", "-f", &blog.display().to_string()]);
    left.exits(5)
        .says(&["WL0491", "no deployment of blog runs"]);
    std::fs::write(&blog, "app: [blog\n").unwrap();
    let left = lab.run(&["abort", "-f", &blog.display().to_string()]);
    left.exits(65)
        .says(&["windlass.yaml:1:6", "name the deployment"]);
    let left = lab.run(&["abort", "--detach"]).exits(0);
    assert_eq!(left.out, format!("{id} goes back\n"));
    following.left().exits(3);
}

#[test]
fn why_it_was_said_is_told_to_everybody_who_looks_or_follows() {
    let (lab, following, id) = baking();
    let no = lab.run(&["abort", &id, "-m", "two\nlines"]).exits(64);
    no.says(&["write one line of at most 200 characters"]);
    lab.run(&["hold", &id, "-m", "the queue grows"]).exits(0);
    let left = following.left().exits(4);
    assert!(
        left.out.contains("because=\"the queue grows\" by=mira"),
        "{}",
        left.out
    );
    left.says(&["mira says why: the queue grows"]);
    let status = lab.run(&["status"]).exits(0).out;
    assert!(
        status.contains("mira says why: the queue grows"),
        "{status}"
    );
    lab.run(&["resume", &id]).exits(0);
    let following = lab.start(&["events", &id, "--follow"]);
    following.until("resumed by=mira");
    lab.run(&["abort", &id, "--message", "it still grows", "--detach"])
        .exits(0);
    following
        .left()
        .exits(3)
        .says(&["mira says why: it still grows"]);
    let show = lab.run(&["show", &id]).exits(0).out;
    assert!(show.contains("because  mira at "), "{show}");
    let show = lab.run(&["show", &id, "-o", "json"]).exits(0).json();
    assert_eq!(show["because"][0]["why"], "the queue grows", "{show}");
}

#[test]
fn why_it_was_deployed_is_told_to_everybody_who_looks_or_follows() {
    let lab = live();
    let why = "a hotfix for 4711";
    lab.run(&["deploy", "-m", "two\nlines"]).exits(64);
    lab.run(&["deploy", "-m", why, "--detach"]).exits(0);
    let id = lab.last();
    let following = lab.start(&["events", &id, "--follow"]);
    following.until("bake=10m");
    let status = lab.run(&["status"]).exits(0).out;
    let told = format!("mira began it because: {why}");
    assert!(status.contains(&told), "{status}");
    // Of one that runs, what is said later is another reason.
    let superseding = ["deploy", "--supersede", "-m", "a better one", "--detach"];
    lab.program("web", &Service::new("web", "3"));
    lab.run(&superseding).exits(0);
    let left = following.left().exits(3);
    assert!(
        left.out.contains(&format!("because={why:?} by=mira")),
        "{}",
        left.out
    );
    left.says(&["mira says why: a better one"]);
    let show = lab.run(&["show", &id, "-o", "json"]).json();
    assert_eq!(show["because"][0]["why"], why, "{show}");
    assert_eq!(show["because"][0]["word"], "began", "{show}");
    assert_eq!(show["because"][1]["word"], "superseded", "{show}");
    let show = lab.run(&["show"]).exits(0).out;
    assert!(
        show.contains("because  mira at ") && show.contains("a better one"),
        "{show}"
    );
    let last = lab.last();
    lab.run(&["abort", &last]).exits(0);
    lab.run(&["retry", "-m", "once more", "--detach"]).exits(0);
    let show = lab.run(&["show", "-o", "json"]).exits(0).json();
    assert_eq!(show["because"][0]["why"], "once more", "{show}");
}

#[test]
fn a_held_deployment_waits_and_a_resumed_one_goes_on() {
    let (lab, following, id) = baking();
    let said = lab.run(&["hold", &id]).exits(0).out;
    assert!(said.contains(&id), "{said}");
    // No person reads it: it says for whom the deployment waits, and what comes next.
    let left = following.left().exits(4);
    assert!(left.out.contains("held by=mira"), "{}", left.out);
    left.says(&["mira holds it", &format!("windlass resume {id}")]);
    assert_eq!(state(&lab, &id), "held");
    lab.run(&["hold", &id]).exits(0);
    // Who only looks goes on meanwhile.
    let looking = lab.start(&["events", &id, "--follow"]);
    looking.until("held by=mira");
    // The beginning of the id is enough, and with one that runs none is needed.
    let beginning: String = id.chars().take(id.len() - 4).collect();
    lab.run(&["resume", &beginning]).exits(0);
    assert_eq!(state(&lab, &id), "running");
    // Who follows now is told of the hold too, and goes on: it is past.
    let following = lab.start(&["events", &id, "--follow"]);
    following.until("resumed by=mira");
    lab.run(&["promote"]).exits(0);
    following.left().exits(0);
    let looked = looking.left().exits(0).out;
    assert!(looked.contains("resumed by=mira"), "{looked}");
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
}

#[test]
fn promote_skips_the_remaining_steps_and_bakes() {
    let lab = live();
    let canary = "strategy: { canary: [{ to: 5% }, { to: 50% }, { to: 100% }] }, bake: 10m";
    lab.file(&WEB.replace("bake: 10m", canary));
    let following = lab.start(&["deploy"]);
    following.until("traffic=5%");
    following.until("bake=10m");
    lab.run(&["promote"]).exits(0);
    let left = following.left().exits(0);
    assert!(left.out.contains("expedited by=mira"), "{}", left.out);
    assert!(left.out.contains("traffic=100%"), "{}", left.out);
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
}

#[test]
fn retry_carries_out_the_same_plan_from_the_first_step() {
    let (lab, following, id) = baking();
    lab.run(&["abort", &id]).exits(0);
    following.left().exits(3);
    // The program of now is another one; the plan has its own release.
    lab.program("web", &Service::new("web", "3"));
    let retrying = lab.start(&["retry"]);
    retrying.until_said(&format!(
        "{id} of shop in default: rolled back, the last one"
    ));
    retrying.until("bake=10m");
    assert_ne!(lab.last(), id, "an attempt of its own");
    lab.run(&["promote"]).exits(0);
    retrying.left().exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
    lab.run(&["retry", &id]).exits(5).says(&["stale"]);
    let left = lab.run(&["retry"]).exits(5);
    left.says(&[
        "no deployment is there to try again",
        "in default: promoted",
    ]);
}

#[test]
fn a_second_deployment_is_refused_with_the_holder() {
    let (lab, following, id) = baking();
    lab.program("web", &Service::new("web", "3"));
    let left = lab.run(&["deploy"]).exits(5);
    left.says(&[&id, "is running", "hint:"]);
    left.says(&[&format!("windlass abort {id}"), "--wait 10m", "--supersede"]);
    lab.run(&["down"]).exits(5).says(&[&id]);
    lab.run(&["abort"]).exits(0);
    following.left().exits(3);
}

#[test]
fn ctrl_c_detaches_and_the_deployment_goes_on_to_its_end() {
    let lab = live();
    lab.file(&WEB.replace("10m", "2s"));
    let following = lab.start(&["deploy"]);
    following.until("bake=2s");
    following.interrupt();
    let left = following.left().exits(130);
    let id = lab.last();
    left.says(&["detached", &id, "windlass events", "windlass abort"]);
    assert_eq!(state(&lab, &id), "running");
    eventually("it is promoted", SOON, || {
        (state(&lab, &id) == "ended").then_some(())
    });
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
}

#[test]
fn a_detached_deployment_can_be_followed_to_its_end() {
    let lab = live();
    lab.file(&WEB.replace("10m", "1s"));
    let left = lab.run(&["deploy", "--detach"]).exits(0);
    let id = lab.last();
    assert!(left.out.contains(&format!("{id} began")), "{}", left.out);
    let told = lab.run(&["events", &id, "--follow"]).exits(0).out;
    assert!(told.contains("result=promoted"), "{told}");
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
    for command in ["abort", "hold", "resume", "promote"] {
        let left = lab.run(&[command, &id]).exits(5);
        left.says(&["it has ended", "it was promoted"]);
    }
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
}

#[test]
fn a_stored_plan_is_carried_out_as_it_was_seen_and_refused_once_stale() {
    let lab = live();
    lab.file(&WEB.replace("10m", "200ms"));
    let plan = || {
        let plan = lab.run(&["plan", "-o", "json"]).exits(0).json();
        plan["id"].as_str().unwrap().to_owned()
    };
    let id = plan();
    assert_eq!(plan(), id, "the same world, the same plan");
    lab.program("web", &Service::new("web", "3"));
    let other = plan();
    assert_ne!(other, id);

    lab.run(&["deploy", "--plan", &id]).exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=2", "what was planned");
    for stale in [&id, &other] {
        let left = lab.run(&["deploy", "--plan", stale]).exits(5);
        left.says(&["is stale", "windlass plan"]);
    }
    lab.run(&["deploy", "--plan", "plan_0123"]).exits(64);
}

#[test]
fn an_application_of_another_folder_is_refused_unless_it_moves() {
    let lab = live();
    lab.file(&WEB.replace("10m", "200ms"));
    lab.deploy();
    let elsewhere = lab.tmp().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    for name in ["windlass.yaml", "web"] {
        std::fs::copy(lab.app(name), elsewhere.join(name)).unwrap();
    }
    let file = elsewhere.join("windlass.yaml").display().to_string();
    for command in ["plan", "deploy"] {
        let left = lab.run(&[command, "-f", &file]).exits(5);
        left.says(&["another folder", &elsewhere.display().to_string(), "--move"]);
    }
    lab.run(&["deploy", "-f", &file, "--move"]).exits(0);
    let folder = lab.status()[0]["folder"].clone();
    assert_eq!(folder, elsewhere.display().to_string());
}
