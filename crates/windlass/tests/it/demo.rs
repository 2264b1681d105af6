//! The demo, as a stranger sees it.

use crate::lab::Lab;

#[test]
fn the_demo_plays_both_acts_without_a_failed_request_and_leaves_nothing() {
    let lab = Lab::empty();
    let mut demo = lab.command(&["demo", "-o", "json"]);
    // Then it plays in a fresh one.
    demo.env_remove("WINDLASS_STATE_DIR");
    let left = lab.start_command(demo).left().exits(0);
    let told = left.json();
    assert_eq!(told["ok"], true, "{told}");
    let acts = told["acts"].as_array().unwrap();
    let names = acts.iter().map(|act| act["name"].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["go_live", "canary"]);
    for act in acts {
        assert_eq!(act["outcome"], "promoted", "{act}");
        assert_eq!(act["failed_requests"], 0, "{act}");
        assert!(act["requests"].as_u64() > Some(0), "{act}");
    }
    let ledgers = told["ledgers"].as_array().unwrap();
    // Three services in two versions.
    assert_eq!(ledgers.len(), 6, "{told}");
    for row in ledgers {
        assert_eq!(row["client"], row["router"], "{row}");
        assert_eq!(row["client"], row["service_ledger"], "{row}");
    }
    lab.must_be_gone();
    let left = std::fs::read_dir(lab.tmp()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_demo_that_is_kept_runs_on_and_goes_down() {
    let lab = Lab::empty();
    let listen = lab.at("web").to_string();
    let left = lab.run(&["demo", "--keep", "--listen", &listen]).exits(0);
    assert!(
        left.out.contains(&format!("http://{listen}")),
        "{}",
        left.out
    );
    left.says(&["left running", "down"]);
    assert_eq!(
        crate::lab::answer(lab.at("web")).chain(),
        "web=2,api=2,auth=2"
    );

    // Another one would meet it, and take it down in the end.
    lab.run(&["demo"])
        .exits(5)
        .says(&["has been used", "fresh"]);
    assert_eq!(crate::lab::answer(lab.at("web")).status, 200);
    lab.run(&["down"]).exits(0);
    lab.must_be_gone();
}

#[test]
fn ctrl_c_ends_the_demo_and_leaves_nothing() {
    let lab = Lab::empty();
    let demo = lab.start(&["demo"]);
    demo.until("Act 2");
    demo.until("5 % of the requests to version 2");
    demo.interrupt();
    demo.left().exits(130).says(&["the demo was stopped"]);
    lab.must_be_gone();
}
