//! What is dropped or taken away by a person's word.

use rustix::process::Signal;

use crate::lab::{Breaks, Lab, Service, answer, is_closed, load, without_failure};

const TWO: &str = "\
app: shop
services:
  api:
    run: ./api
    listen: @api
    ready: /health/ready
    bake: 200ms
    drain: 5s
  web:
    run: ./web
    listen: @web
    ready: /health/ready
    bake: 200ms
    drain: 5s
";

const WEB: &str = "\
app: shop
finalize: manual
services:
  web:
    run: ./web
    listen: @web
    ready: /health/ready
    bake: 200ms
    drain: 5s
";

#[test]
fn a_service_that_left_the_file_serves_until_it_is_removed() {
    let lab = Lab::new(TWO);
    lab.program("api", &Service::new("api", "1"));
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.run(&["remove", "api"])
        .exits(5)
        .says(&["still in windlass.yaml"]);
    lab.file(&WEB.replace("finalize: manual\n", ""));
    assert!(lab.deploy().out.contains("nothing to do"));
    assert_eq!(answer(lab.at("api")).chain(), "api=1", "it is unmanaged");

    let left = lab.run(&["remove", "api"]).exits(0);
    assert!(left.out.contains("removed"), "{}", left.out);
    assert!(is_closed(lab.at("api")));
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    assert!(lab.service("api")["stable"].is_null(), "{}", lab.status());
    let running = lab.processes();
    let instances = running.iter().filter(|it| it.is("shim"));
    assert_eq!(instances.count(), 1, "only that of web: {running:?}");
}

#[test]
fn a_standby_stays_until_it_is_finalized_and_a_rollback_starts_it_again() {
    let lab = Lab::new(WEB);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.program("web", &Service::new("web", "2"));
    lab.deploy();
    let told = lab.run(&["status"]).exits(0).out;
    let next = format!("is kept warm until: windlass finalize {}", lab.last());
    assert!(told.contains(&next), "{told}");
    let standby = lab.service("web")["standby"].clone();
    assert!(!standby.is_null());

    let left = lab.run(&["finalize", "-m", "frees memory"]).exits(0);
    left.says(&[&lab.last(), ", which left web "]);
    let told = lab.run(&["show"]).exits(0).out;
    let last = told.lines().find(|line| line.starts_with("final "));
    let last = last.unwrap_or_else(|| panic!("{told}"));
    assert!(last.ends_with(" by mira (frees memory)"), "{last}");
    lab.run(&["finalize"])
        .exits(5)
        .says(&["no deployment has left anything to drop"]);
    assert!(lab.service("web")["standby"].is_null());
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
    lab.run(&["rollback"]).exits(0);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
}

/// The command line plans first and carries out that plan.
#[test]
fn a_service_under_another_name_goes_on_and_a_bad_one_goes_back() {
    let lab = Lab::new(WEB);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.file(&WEB.replace("  web:\n", "  site:\n    was: web\n"));
    lab.program("web", &Service::new("web", "2").breaks(Breaks::AtOnce(7)));
    let load = load(lab.at("web"));
    let left = lab.run(&["deploy"]).exits(3);
    left.says(&["site", "was web", "traffic now: site 100 %"]);
    lab.program("web", &Service::new("web", "3"));
    lab.deploy();
    without_failure(load);
    assert_eq!(answer(lab.at("web")).chain(), "web=3");
    let status = lab.run(&["status"]).exits(0).out;
    assert!(status.contains("standby"), "{status}");
    lab.run(&["down"]).exits(0);
    lab.must_be_gone();
}

/// The router hears of the new name only after somebody has called it off and the controller died.
#[test]
fn a_rename_that_is_called_off_before_the_router_hears_of_it_frees_its_lock() {
    let lab = Lab::new(WEB);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.file(&WEB.replace("  web:\n", "  site:\n    was: web\n"));
    lab.program("web", &Service::new("web", "2"));
    let router = lab.only("router");
    router.signal(Signal::STOP);
    lab.run(&["deploy", "--yes", "--detach"]).exits(0);
    lab.run(&["abort", "--detach"]).exits(0);
    lab.kill_controller();
    router.signal(Signal::CONT);
    lab.run(&["events", "--follow"]).exits(3);
    assert_eq!(answer(lab.at("web")).chain(), "web=1");
    lab.deploy();
    assert_eq!(answer(lab.at("web")).chain(), "web=2");
    lab.run(&["down"]).exits(0);
    lab.must_be_gone();
}
