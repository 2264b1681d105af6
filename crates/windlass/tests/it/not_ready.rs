//! Nothing is new, and what runs is not ready: a deployment is not green then.

use std::fs;

use crate::lab::{Breaks, Lab, SOON, Service, answer, eventually, kill};

const WEB: &str = "\
app: shop
services:
  web:
    run: ./web
    listen: @web
    probes: { ready: { http: /health/ready, every: 100ms, within: 3s } }
    bake: 200ms
";

#[test]
fn a_deployment_of_nothing_new_is_not_green_while_the_service_is_down_and_starts_it_once_it_is_mended()
 {
    let lab = Lab::new(WEB);
    let needed = lab.tmp().join("database");
    fs::write(&needed, "there").unwrap();
    lab.give(&needed);
    let breaks = Breaks::Without(needed.display().to_string());
    lab.program("web", &Service::new("web", "1").breaks(breaks));
    lab.deploy();
    let plan = lab.run(&["plan"]).exits(0);
    assert!(plan.out.contains("nothing to do"), "{}", plan.out);
    fs::remove_file(&needed).unwrap();
    kill(&lab.only("demo-service"));
    eventually("it is down", SOON, || {
        let down = lab.run(&["status"]).exits(0).out;
        down.contains("not listening").then_some(())
    });

    let left = lab.run(&["deploy"]).exits(6);
    assert!(!left.out.contains("nothing to do"), "{}", left.out);
    left.says(&[
        "WL0494",
        "nothing is new in shop in default, and web is not ready",
        "0 of 1 instance ready (not listening)",
        "it was waited for 3s",
        "windlass logs web, mend it, then: windlass deploy",
    ]);
    let planned = lab.run(&["plan", "-o", "json"]).exits(6).json();
    assert_eq!(planned["not_ready"][0]["service"], "web", "{planned}");
    assert_eq!(planned["not_ready"][0]["ready"], 0, "{planned}");
    lab.run(&["deploy", "--detach"]).exits(6).says(&["WL0494"]);

    fs::write(&needed, "there again").unwrap();
    lab.give(&needed);
    let left = lab.run(&["deploy"]).exits(0);
    assert_eq!(
        left.out,
        "nothing to do: shop in default is as the file says\n"
    );
    assert_eq!(answer(lab.at("web")).status, 200);
    lab.run(&["plan"]).exits(0);
}

#[test]
fn what_would_be_gone_back_to_and_does_not_answer_is_told_as_it_is() {
    let lab = Lab::new(WEB);
    let needed = lab.tmp().join("database");
    fs::write(&needed, "there").unwrap();
    lab.give(&needed);
    let breaks = Breaks::Without(needed.display().to_string());
    lab.program("web", &Service::new("web", "1").breaks(breaks));
    lab.deploy();
    fs::remove_file(&needed).unwrap();
    kill(&lab.only("demo-service"));
    eventually("it is down", SOON, || {
        let down = lab.run(&["status"]).exits(0).out;
        down.contains("not listening").then_some(())
    });

    let broken = Service::new("web", "2").breaks(Breaks::AtOnce(9));
    lab.program("web", &broken);
    let planned = lab.run(&["plan"]).exits(0);
    planned.says(&[
        "0 of 1 instance ready",
        "should the new release fail, that is what it goes back to",
    ]);
    let left = lab.run(&["deploy"]).exits(3);
    left.says(&["traffic now: web 100 %", "(which does not answer)"]);
    // Once, before it begins; also where nobody is asked and where a stored plan is carried out.
    for options in [&["deploy"][..], &["deploy", "--yes"], &["retry"]] {
        let left = lab.run(options).exits(3);
        let told = left.err.matches("should the new release fail").count();
        assert_eq!(told, 1, "{options:?}: {}", left.err);
    }
    let seen = lab.run(&["doctor"]);
    assert!(
        seen.out.contains("mend it, then: windlass deploy"),
        "{}",
        seen.out
    );
    // There is no earlier release: it would be refused.
    assert!(!seen.out.contains("windlass rollback"), "{}", seen.out);
    fs::write(&needed, "there again").unwrap();
    lab.give(&needed);
}
