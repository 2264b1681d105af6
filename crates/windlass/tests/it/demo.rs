//! The demo, as a stranger sees it.

use crate::lab::Lab;

/// The keys of an act, as the contract lists them.
const ACT: [&str; 7] = [
    "name",
    "outcome",
    "requests",
    "failed_requests",
    "errors_from_bad_release",
    "detected_after_requests",
    "restored_ms",
];

#[test]
fn the_demo_plays_every_act_as_told_and_leaves_nothing() {
    let lab = Lab::empty();
    let mut demo = lab.command(&["demo", "-o", "json"]);
    // Then it plays in a fresh one.
    demo.env_remove("WINDLASS_STATE_DIR");
    let left = lab.start_command(demo).left().exits(0);
    let told = left.json();
    assert!(
        told["elapsed_ms"].as_u64().is_some_and(|ms| ms > 0),
        "{told}"
    );
    assert_eq!(told["ok"], true, "{told}\n{}", left.err);
    let acts = told["acts"].as_array().unwrap();
    let ends = acts.iter().map(|act| {
        let word = |key: &str| act[key].as_str().unwrap();
        (word("name"), word("outcome"))
    });
    let expected = [
        ("go_live", "promoted"),
        ("canary", "promoted"),
        ("controller_killed", "promoted"),
        ("bad_release", "rolled_back"),
    ];
    assert_eq!(ends.collect::<Vec<_>>(), expected);
    for act in acts {
        let mut keys: Vec<&str> = act
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        keys.sort_by_key(|key| ACT.iter().position(|known| known == key));
        assert_eq!(keys, ACT, "{act}");
        assert_eq!(act["failed_requests"], 0, "{act}");
        assert!(act["requests"].as_u64() > Some(0), "{act}");
    }
    let (bad, good) = acts.split_last().unwrap();
    assert!(bad["errors_from_bad_release"].as_u64() > Some(0), "{bad}");
    assert!(bad["detected_after_requests"].as_u64() > Some(0), "{bad}");
    assert!(bad["restored_ms"].is_u64(), "{bad}");
    for act in good {
        assert_eq!(act["errors_from_bad_release"], 0, "{act}");
    }
    left.says(&["SIGKILL to the controller", "the controller is back"]);
    counts_agree(&told);
    lab.must_be_gone();
    let left = std::fs::read_dir(lab.tmp()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Client, router and services counted the same, and the errors of the bad release are among them.
fn counts_agree(told: &serde_json::Value) {
    let ledgers = told["ledgers"].as_array().unwrap();
    let of = |service: &str, version: &str| {
        ledgers
            .iter()
            .find(|row| row["service"] == service && row["version"] == version)
    };
    // Three services in three versions, auth and api in a fourth: web 4 never was.
    assert_eq!(ledgers.len(), 11, "{told}");
    assert!(of("web", "4").is_none(), "{told}");
    for row in ledgers {
        assert_eq!(row["client"], row["router"], "{row}");
        assert_eq!(row["client"], row["service_ledger"], "{row}");
    }
    let bad = of("api", "4").unwrap();
    assert_eq!(bad["failed"], told["acts"][3]["errors_from_bad_release"]);
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
        "web=3,api=3,auth=3"
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

#[test]
fn whoever_ends_the_demo_politely_finds_nothing_left_either() {
    let lab = Lab::empty();
    // A folder of the state is named from here, and the services run elsewhere.
    let mut demo = lab.command(&["demo", "--state-dir", "played"]);
    demo.env_remove("WINDLASS_STATE_DIR");
    let demo = lab.start_command(demo);
    demo.until("100 % of the requests to version 1");
    demo.terminate();
    demo.left().exits(130).says(&["the demo was stopped"]);
    lab.must_be_gone();
}
