//! What goes back when one of several services fails.

use crate::lab::{Breaks, Lab, Left, Service, answer, load, without_failure};

/// `api` needs `auth`; `page` needs nobody.
const SHOP: &str = "\
app: shop
defaults:
  bake: 300ms
  probes: { ready: { http: /, every: 100ms, within: 2s } }
services:
  auth: { run: ./auth, listen: @auth }
  api: { run: ./api, listen: @api, needs: [auth] }
  page: { run: ./page, listen: @page }
";

/// Version 1 of all three is live; then version 2 comes, whose api ends at once.
fn api_fails(on_failure: &str) -> (Lab, Left) {
    let lab = Lab::new(&format!("{SHOP}{on_failure}"));
    let write = |version: &str, breaks: Breaks| {
        lab.program("auth", &Service::new("auth", version));
        let api = Service::new("api", version).needs("auth");
        lab.program("api", &api.breaks(breaks));
        lab.program("page", &Service::new("page", version));
    };
    write("1", Breaks::Never);
    lab.deploy();
    let load = load(lab.at("api"));
    write("2", Breaks::AtOnce(4));
    let left = lab.run(&["deploy", "-o", "json"]).exits(3);
    let chains = without_failure(load);
    assert!(chains.iter().all(|chain| chain.starts_with("api=1")));
    (lab, left)
}

#[test]
fn one_failure_takes_everything_back() {
    let (lab, left) = api_fails("");
    assert_eq!(left.json()["outcome"], "rolled_back");
    left.says(&["api failed", "exited with status 4"]);
    left.says(&["auth failed reason=\"api failed\""]);
    for (service, chain) in [("api", "api=1,auth=1"), ("page", "page=1")] {
        assert_eq!(answer(lab.at(service)).chain(), chain);
    }
    let services = &left.json()["services"];
    for service in ["api", "auth", "page"] {
        assert_eq!(services[service]["phase"], "returned", "{services}");
    }
}

#[test]
fn with_dependents_only_the_failed_one_and_what_needs_it_go_back() {
    let (lab, left) = api_fails("on_failure: dependents\n");
    assert_eq!(left.json()["outcome"], "partly_promoted");
    left.says(&["was promoted in part, the rest is back: api failed"]);
    for (service, chain) in [("api", "api=1,auth=2"), ("page", "page=2")] {
        assert_eq!(answer(lab.at(service)).chain(), chain);
    }
}

#[test]
fn a_provider_that_fails_takes_its_consumer_with_it_before_that_one_began() {
    let lab = Lab::new(&format!("{SHOP}on_failure: dependents\n"));
    lab.program("auth", &Service::new("auth", "1").breaks(Breaks::Always));
    lab.program("api", &Service::new("api", "1").needs("auth"));
    lab.program("page", &Service::new("page", "1"));
    let left = lab.run(&["deploy", "-o", "json"]);
    left.says(&["auth failed", "last answer: HTTP 500"]);
    assert_eq!(answer(lab.at("page")).chain(), "page=1");
    let left = left.exits(3).json();
    assert_eq!(left["outcome"], "partly_promoted");
    assert_eq!(left["services"]["api"]["weight"], 0, "{left}");
}
