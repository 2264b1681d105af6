//! Each strategy, and changes that need no new release.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::lab::{
    Answer, Lab, SOON, Service, answer, ask, eventually, is_closed, load, without_failure,
};

/// Version 1 of one service is live by this line of a file.
fn live(web: &str) -> Lab {
    let lab = Lab::new(&file(web));
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab
}

fn file(web: &str) -> String {
    format!(
        "\
app: shop
defaults: {{ bake: 300ms, drain: 5s, ready: /health/ready }}
services:
  web: {{ run: ./web, listen: @web, {web} }}
"
    )
}

#[test]
fn recreate_fails_no_request_between_the_old_and_the_new() {
    let lab = live("strategy: recreate");
    let web = lab.at("web");
    // Ready a second after its start, so that there is a time between the two.
    let script = "#!/bin/sh\nsleep 1\n";
    let serve = Service::new("web", "2").script(lab.binary());
    lab.script("web", &serve.replace("#!/bin/sh\n", script));
    let done = AtomicBool::new(false);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut answers = Vec::new();
            while !done.load(Ordering::Relaxed) {
                answers.push(ask(web, "/").unwrap());
            }
            answers
        });
        let plan = lab.run(&["plan"]).exits(0).out;
        assert!(plan.contains("requests wait between old and new"), "{plan}");
        lab.deploy();
        done.store(true, Ordering::Relaxed);
        asking.join().unwrap()
    });
    assert_eq!(answers[0].chain(), "web=1");
    assert!(answers.iter().all(|answer| answer.status == 200));
    let last = answers.iter().map(Answer::chain).max();
    assert_eq!(last, Some("web=2"), "who waited got the new one");
    assert_eq!(answer(web).chain(), "web=2");
}

#[test]
fn recreate_brings_the_old_back_when_the_new_is_no_good() {
    let lab = live("strategy: recreate");
    lab.script("web", "#!/bin/sh\nexit 9\n");
    let left = lab.run(&["deploy"]).exits(3);
    left.says(&["exited with status 9", "traffic now: web 100 %"]);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
}

#[test]
fn rolling_moves_instance_by_instance() {
    let lab = live("instances: 3, strategy: rolling");
    let load = load(lab.at("web"));
    lab.program("web", &Service::new("web", "2"));
    let told = lab.deploy().out;
    for share in ["traffic=33%", "traffic=66%", "traffic=100%"] {
        assert!(told.contains(share), "{share}: {told}");
    }
    assert_eq!(without_failure(load), ["web=1", "web=2"]);
    let web = lab.service("web");
    let instances = web["stable"]["instances"].as_array().unwrap();
    assert_eq!(instances.len(), 3, "{web}");
}

#[test]
fn a_canary_gets_the_share_that_its_step_says() {
    let lab = live("strategy: { canary: [{ to: 10%, bake: 10m }, { to: 100% }] }");
    lab.program("web", &Service::new("web", "2"));
    let following = lab.start(&["deploy"]);
    following.until("bake=10m");
    let load = load(lab.at("web"));
    let enough = 400;
    eventually("enough answers", SOON, || {
        (load.snapshot().good() >= enough).then_some(())
    });
    let seen = load.snapshot();
    let of = |chain| seen.by_chain.get(chain).map_or(0, |counts| counts.ok);
    let share = of("web=2") * 100 / seen.good();
    assert!((8..=12).contains(&share), "{share} %: {:?}", seen.by_chain);
    lab.run(&["promote"]).exits(0);
    following.left().exits(0);
    assert_eq!(without_failure(load), ["web=1", "web=2"]);
}

#[test]
fn another_number_of_instances_is_no_new_release() {
    let lab = live("instances: 1");
    let load = load(lab.at("web"));
    for (count, said) in [(3, "from 1 to 3 instances"), (1, "from 3 to 1 instance")] {
        lab.file(&file(&format!("instances: {count}")));
        let plan = lab.run(&["plan"]).exits(0).out;
        assert!(plan.contains(said), "{plan}");
        lab.deploy();
        let web = lab.service("web");
        let instances = web["stable"]["instances"].as_array().unwrap();
        assert_eq!(instances.len(), count, "{web}");
        assert!(instances.iter().all(|it| it["state"] == "running"), "{web}");
    }
    without_failure(load);
}

#[test]
fn another_address_opens_beside_the_old_one_and_consumers_follow() {
    let shop = "\
app: shop
defaults: { bake: 300ms, ready: /health/ready }
services:
  web: { run: ./web, listen: @web, needs: [api] }
  api: { run: ./api, listen: @api }
";
    let lab = Lab::new(shop);
    lab.program("api", &Service::new("api", "1"));
    lab.program("web", &Service::new("web", "1").needs("api"));
    lab.deploy();
    let load = load(lab.at("web"));
    lab.file(&shop.replace("@api", "@other"));
    let plan = lab.run(&["plan", "-o", "json"]).exits(0).json();
    let moved: Vec<&String> = plan["rollouts"].as_object().unwrap().keys().collect();
    assert_eq!(moved, ["api", "web"], "its consumer has another URL");
    lab.deploy();
    without_failure(load);
    assert_eq!(answer(lab.at("other")).chain(), "api=1");
    assert_eq!(answer(lab.at("web")).chain(), "web=1,api=1");
    eventually("the old address is closed", Duration::from_secs(5), || {
        is_closed(lab.at("api")).then_some(())
    });
}

#[test]
fn a_service_that_left_the_file_is_shown_and_goes_on() {
    let shop = "\
app: shop
defaults: { bake: 300ms, ready: /health/ready }
services:
  web: { run: ./web, listen: @web }
  api: { run: ./api, listen: @api }
";
    let lab = Lab::new(shop);
    lab.program("api", &Service::new("api", "1"));
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.file(shop.split("  api:").next().unwrap());
    lab.program("web", &Service::new("web", "2"));
    let plan = lab.run(&["plan"]).exits(0).out;
    assert!(
        plan.contains("unmanaged: api (not in the file; keeps serving)"),
        "{plan}"
    );
    lab.deploy();
    assert_eq!(answer(lab.at("api")).chain(), "api=1");
    let status = lab.run(&["status"]).exits(0).out;
    assert!(
        status.lines().any(|line| line.starts_with("api")),
        "{status}"
    );
}
