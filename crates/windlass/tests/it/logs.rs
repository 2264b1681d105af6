//! What instances printed: of which deployment, how much, and when.

use crate::lab::{Breaks, Lab, Service};

const WEB: &str = "\
app: shop
services:
  web: { run: ./web, listen: @web, ready: /health/ready, bake: 100ms, release: { version: \"1\" } }
";

/// Version 2 failed, version 3 runs.
fn lab() -> Lab {
    let lab = Lab::new(WEB);
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.program("web", &Service::new("web", "2").breaks(Breaks::AtOnce(7)));
    lab.run(&["deploy", "--set", "web=2"]).exits(3);
    lab
}

#[test]
fn what_a_failed_release_printed_can_be_asked_for_after_another_one_has_come() {
    let lab = lab();
    let failed = lab.last();
    lab.program("web", &Service::new("web", "3"));
    lab.run(&["deploy", "--set", "web=3"]).exits(0);
    let usual = lab.run(&["logs", "web"]).exits(0);
    assert!(!usual.out.contains("it is broken"), "{}", usual.out);
    usual.says(&[
        "ended, and not shown: 2; to see what one of them printed: windlass logs web --version 2",
    ]);
    for ask in [["--deployment", &failed], ["--version", "2"]] {
        let words = [&["logs", "web"], &ask[..]].concat();
        let out = lab.run(&words).exits(0).out;
        assert!(out.contains("web 2 starts on port"), "{out}");
        assert!(out.contains("it is broken"), "{out}");
        assert!(!out.contains("web 3 starts"), "{out}");
    }
    let one = lab.run(&["logs", "web", "--version", "3"]).exits(0).out;
    let end = one.split(' ').nth(1).expect("its instance").to_owned();
    let of_one = lab.run(&["logs", "web", "--instance", &end]).exits(0).out;
    assert_eq!(of_one, one);

    let left = lab.run(&["logs", "web", "--version", "9"]).exits(64);
    left.says(&[
        "WL0489",
        "there is no log of web 9",
        "still there: 3 of dep_",
    ]);
    left.says(&["2 of dep_", "1 of dep_"]);
    lab.run(&["logs", "web", "--instance", "nobody"])
        .exits(64)
        .says(&["WL0489"]);
}

#[test]
fn lines_are_counted_told_with_their_times_and_left_out_when_they_are_old() {
    let lab = lab();
    let of_two = |more: &[&str]| {
        let words = [&["logs", "web", "--version", "2"], more].concat();
        lab.run(&words).exits(0).out
    };
    assert_eq!(of_two(&["-n", "1"]).lines().count(), 1);
    assert_eq!(of_two(&["--tail", "9"]).lines().count(), 2);
    assert_eq!(of_two(&["--since", "1h"]).lines().count(), 2);
    let timed = of_two(&["-t"]);
    let shown = lab.run(&["show", &lab.last(), "-o", "json"]).json();
    let begun = shown["started_us"].as_i64().unwrap();
    let lines = lab
        .run(&["logs", "web", "--version", "2", "-o", "ndjson"])
        .json_lines();
    assert_eq!(lines.len(), 2);
    for line in &lines {
        let late = line["at_us"].as_i64().unwrap() - begun;
        assert!((0..20_000_000).contains(&late), "{late}: {line}");
    }
    let first = timed.lines().next().unwrap();
    assert_eq!(
        first.find(" 2 "),
        Some("2026-11-21 14:02:11".len()),
        "{first}"
    );
    // A journal's last lines are older than nothing at all.
    assert_eq!(of_two(&["--since", "1ms"]), "");
}

#[test]
fn lines_of_several_instances_are_in_the_order_of_their_times_and_say_whose_they_are() {
    let lab = Lab::new(&WEB.replace("bake", "instances: 3, bake"));
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    let left = lab.run(&["logs", "web", "-o", "ndjson"]).exits(0);
    assert_eq!(left.err, "", "nothing has ended");
    let lines = left.json_lines();
    // Of what was printed this instant nobody knows the time yet.
    let times = lines.iter().map(|line| line["at_us"].as_i64());
    let times: Vec<Option<i64>> = times.collect();
    assert!(times.is_sorted(), "{lines:?}");
    let of = |key: &str| {
        let values = lines.iter().map(|line| line[key].as_str().unwrap());
        values.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(of("instance").len(), 3, "{lines:?}");
    assert_eq!((of("service").len(), of("version").len()), (1, 1));
    assert!(of("service").contains("web"), "{lines:?}");
}

#[test]
fn a_version_is_named_by_a_beginning_that_only_one_has() {
    let lab = Lab::new(&WEB.replace("\"1\"", "\"2026.11-a\""));
    lab.program("web", &Service::new("web", "1"));
    lab.deploy();
    lab.program("web", &Service::new("web", "2"));
    lab.run(&["deploy", "--set", "web=2026.11-b.2"]).exits(0);
    let whole = lab.run(&["logs", "web", "--version", "2026.11-b.2"]);
    let begun = lab.run(&["logs", "web", "--version", "2026.11-b"]);
    assert_eq!(begun.exits(0).out, whole.exits(0).out);
    let both = lab.run(&["logs", "web", "--version", "2026"]).exits(64);
    both.says(&[
        "WL0432",
        "several versions of web begin with 2026",
        "2026.11-a, 2026.11-b.2",
    ]);
    let left = lab.run(&["logs", "web", "-n", "x"]).exits(64);
    left.says(&["write how many lines, as 20"]);
}
