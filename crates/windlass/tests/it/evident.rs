//! A step that waits for evidence: what is said meanwhile, and of whoever goes past it.

use crate::lab::{Lab, Service, load, without_failure};

/// A step that can't get in some seconds the thousands of requests that it needs.
const ASKS: &str = "\
app: shop
services:
  web:
    run: ./web
    listen: @web
    ready: /health/ready
    strategy: { canary: [{ to: 10%, bake: 300ms }, { to: 50%, bake: 6s }, { to: 100%, bake: 200ms }] }
    analysis: { require: pass, longest: 8s }
";

#[test]
fn what_waits_for_evidence_says_what_is_missing_and_who_went_past_it_is_told() {
    let lab = Lab::new(ASKS);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    let load = load(lab.at("web"));
    lab.program("web", &Service::new("web", "2"));
    let followed = lab.start(&["deploy"]);
    followed.until("requests_missing=");
    let id = lab.last();
    let told = |words: &[&str]| lab.run(words).exits(0).out;
    let needs = " more requests to the new version are needed";
    for words in [&["status"][..], &["show", &id], &["show", &id, "--why"]] {
        let text = told(words);
        assert!(
            text.contains("waits for evidence at 10 %: about "),
            "{text}"
        );
        assert!(text.contains(needs), "{text}");
    }
    let promote = format!("windlass promote {id}");
    assert!(told(&["status"]).contains(&promote));

    // A script is not let wait for a person, and reads why.
    let left = followed.left().exits(4);
    left.says(&[
        "the analysis of web (inconclusive) holds it",
        "web has no evidence at 10 %: about ",
        &promote,
    ]);
    for words in [&["status"][..], &["show", &id]] {
        let text = told(words);
        assert!(text.contains("web has no evidence at 10 %"), "{text}");
        let ways = ["resume", "promote", "abort"].map(|verb| format!("windlass {verb} {id}"));
        assert!(ways.iter().all(|way| text.contains(way)), "{text}");
    }
    let view = lab.run(&["show", &id, "-o", "json"]).json();
    assert_eq!(view["held"]["by"], "the analysis of web (inconclusive)");
    let evidence = &view["services"]["web"]["evidence"];
    assert_eq!(
        (&evidence["at"], &evidence["waits"]),
        (&10.into(), &false.into())
    );
    assert!(evidence["more_requests"].as_u64() > Some(0), "{evidence}");
    let status = lab.status();
    let lock = &status[0]["lock"];
    assert_eq!(
        (&lock["state"], &lock["evidence"]["web"]["at"]),
        (&view["state"], &10.into())
    );

    went_past(&lab, &id);
    without_failure(load);
}

/// A person promotes it, and everybody who looks later is told.
fn went_past(lab: &Lab, id: &str) {
    let told = |words: &[&str]| lab.run(words).exits(0).out;
    let past = " let web go on at 10 % without up to 6.2s of watching, the step 50 % and evidence \
                (inconclusive: about ";
    assert!(told(&["promote", id]).contains(past));
    let end = told(&["events", id, "--follow"]);
    assert!(end.contains("went_past=10% by="), "{end}");
    assert!(
        end.contains("shop in default: promoted by hand in "),
        "{end}"
    );
    assert!(end.contains(past), "{end}");
    let compared = "web: errors 0.00 % against 0.00 % beside it: no sign of harm; ";
    assert!(end.contains(compared), "{end}");
    assert!(told(&["show", id]).contains(compared));
    for words in [&["show", id][..], &["show", id, "--why"]] {
        let text = told(words);
        assert!(text.contains("promoted by hand"), "{text}");
        assert!(text.contains(past), "{text}");
    }
    assert!(told(&["list"]).contains("  promoted by hand  "));
    let view = lab.run(&["show", id, "-o", "json"]).json();
    let past = &view["services"]["web"]["past"][0];
    assert_eq!(past["evidence"]["verdict"], "inconclusive", "{past}");
    assert_eq!(past["steps"], serde_json::json!([50]), "{past}");
    // Nothing was compared once it had everything.
    let why = told(&["show", id, "--why"]);
    assert!(!why.contains("at 100 %: "), "{why}");
}
