//! Going live, switching, and nothing to do.

use crate::lab::{Lab, SOON, Service, answer, eventually, load, without_failure};

/// One service that switches at once.
const WEB: &str = "\
app: shop
services:
  web:
    run: ./web
    listen: @web
    ready: /health/ready
    bake: 500ms
    drain: 5s
";

fn live(version: &str) -> Lab {
    let lab = Lab::new(WEB);
    lab.program("web", &Service::new("web", version));
    lab.deploy();
    lab
}

#[test]
fn a_first_deployment_goes_live_and_the_next_one_switches_without_a_failed_request() {
    let lab = live("1");
    assert_eq!(answer(lab.at("web")).chain(), "web=1");

    let load = load(lab.at("web"));
    lab.program("web", &Service::new("web", "2"));
    let left = lab.deploy();
    assert!(left.out.contains("result=promoted"), "{}", left.out);
    eventually("an answer of version 2", SOON, || {
        load.snapshot().by_chain.contains_key("web=2").then_some(())
    });
    assert_eq!(without_failure(load), ["web=1", "web=2"]);
}

#[test]
fn nothing_changed_is_nothing_to_do() {
    let lab = live("1");
    let left = lab.deploy();
    assert_eq!(
        left.out,
        "nothing to do: shop in default is as the file says\n"
    );
    let left = lab.run(&["deploy", "-o", "json"]).exits(0).json();
    assert_eq!(left["outcome"], "nothing_to_do");
    let list = lab.run(&["list", "-o", "json"]).json();
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
}

#[test]
fn the_old_slot_stays_warm_after_promotion_and_goes_with_the_next_deployment() {
    let lab = live("1");
    let first = lab.service("web")["stable"]["slot"].clone();
    lab.program("web", &Service::new("web", "2"));
    lab.deploy();
    let web = lab.service("web");
    assert_eq!(web["standby"]["slot"], first);
    assert_eq!(web["standby"]["weight"], 0);
    assert_eq!(web["standby"]["instances"][0]["state"], "running");
    assert_eq!(web["stable"]["weight"], 100);

    lab.program("web", &Service::new("web", "3"));
    let plan = lab.run(&["plan"]).exits(0).out;
    assert!(plan.contains("the standby"), "{plan}");
    lab.deploy();
    let web = lab.service("web");
    assert_ne!(web["standby"]["slot"], first);
    assert_eq!(answer(lab.at("web")).chain(), "web=3");
}

#[test]
fn providers_go_before_consumers_and_tell_them_where_they_are() {
    let lab = Lab::new(
        "\
app: shop
defaults: { bake: 200ms, ready: /health/ready }
services:
  web: { run: ./web, listen: @web, needs: [api] }
  api: { run: ./api, listen: @api, needs: [auth] }
  auth: { run: ./auth, listen: @auth }
",
    );
    lab.program("auth", &Service::new("auth", "1"));
    lab.program("api", &Service::new("api", "1").needs("auth"));
    lab.program("web", &Service::new("web", "1").needs("api"));
    let told = lab.deploy().out;
    assert_eq!(answer(lab.at("web")).chain(), "web=1,api=1,auth=1");
    let place = |text: &str| told.find(text).unwrap_or_else(|| panic!("{text}: {told}"));
    assert!(place("auth passed") < place("api phase=starting"), "{told}");
    assert!(place("api passed") < place("web phase=starting"), "{told}");
}
