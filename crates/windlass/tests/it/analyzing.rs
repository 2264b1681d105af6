//! `analyze`: recorded counts, two series, and files of test vectors.

use std::path::PathBuf;

use serde_json::Value;

use crate::typed::Place;

fn vectors() -> String {
    let file =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../analysis/tests/vectors/analysis.json");
    file.display().to_string()
}

#[test]
fn all_public_vectors_hold() {
    let left = Place::empty().run(&["analyze", "--vectors", &vectors(), "-o", "json"]);
    assert_eq!(left.code, 0, "{}", left.whole());
    let report: Value = serde_json::from_str(&left.out).unwrap();
    assert_eq!(report["ok"], true);
    for block in report["blocks"].as_array().unwrap() {
        assert_eq!(block["failed"], 0, "{block}");
        assert!(
            block["worst_error"].as_f64() <= block["tolerance"].as_f64(),
            "{block}"
        );
        assert!(block["cases"].as_u64() > Some(0), "{block}");
    }
}

#[test]
fn a_tick_that_lasts_no_time_is_refused() {
    let place = Place::empty();
    std::fs::write(place.path("ticks"), "[100, 1, 100, 1]\n").unwrap();
    let left = place.run(&["analyze", "ticks", "--every", "0s"]);
    assert_eq!(left.code, 64, "{}", left.whole());
    assert!(
        left.err.contains("write more than no time, as 1s"),
        "{}",
        left.err
    );
}

#[test]
fn a_vector_that_is_off_is_told_and_ends_with_1() {
    let place = Place::empty();
    let wrong =
        r#"{"wald":[{"p0":0.01,"p1":0.02,"kl":0.004,"power_one_bound_alpha01":1176.7}],"new":{}}"#;
    std::fs::write(place.path("wrong.json"), wrong).unwrap();
    insta::assert_snapshot!(place.run(&["analyze", "--vectors", "wrong.json"]).whole(), @r"
    exit 1
    new: 1 cases, worst error 1.0e0 of 1.0e-9: 1 of 1 failed; no such block is known
    wald: 1 cases, worst error 2.2e-2 of 1.0e-9: 1 of 1 failed; case 1: kl: 0.003913619576461304 instead of 0.004
    --
    error[WL0418]: wrong.json does not hold
      hint: what it means: windlass explain WL0418
    ");
}

const TICKS: &str = "[900,1,100,0]\n[900,1,100,4]\n[900,1,100,5]\n";

#[test]
fn recorded_counts_are_judged_step_by_step() {
    let place = Place::empty();
    std::fs::write(place.path("ticks.jsonl"), TICKS).unwrap();
    insta::assert_snapshot!(place.run(&["analyze", "ticks.jsonl"]).whole(), @r"
    exit 0
    tick 1: 1,000 requests, bad 1 and 0, evidence of harm 0.00 of 4.61, 0 % of what a pass needs: wait
    tick 2: 2,000 requests, bad 2 and 4, evidence of harm 4.23 of 4.61, 1 % of what a pass needs: wait
    tick 3: 3,000 requests, bad 3 and 9, evidence of harm 12.57 of 4.61, 1 % of what a pass needs: roll back
    decided at tick 3: roll back
    bad requests 3.00 % against 0.11 % beside it: worse, 3.3 to 633.9 times as often; 3,000 requests
    --
    ");
    let left = place.run(&["analyze", "ticks.jsonl", "-o", "ndjson"]);
    let lines: Vec<Value> = left
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[2]["verdict"], "fail");
    assert_eq!(
        (&lines[3]["decided_at"], &lines[3]["verdict"]),
        (&3.into(), &"fail".into())
    );
    let left = place.run(&[
        "analyze",
        "ticks.jsonl",
        "--alpha",
        "0.0000001",
        "-o",
        "json",
    ]);
    let replay: Value = serde_json::from_str(&left.out).unwrap();
    assert_eq!(replay["verdict"], "inconclusive");
}

#[test]
fn two_series_are_judged_once_and_the_mode_is_named() {
    let place = Place::empty();
    let lines = |from: u32| {
        let figures: Vec<String> = (from..from + 20).map(|n| n.to_string()).collect();
        figures.join("\n")
    };
    std::fs::write(place.path("old"), lines(10)).unwrap();
    std::fs::write(place.path("new"), lines(40)).unwrap();
    let left = place.run(&[
        "analyze",
        "--control",
        "old",
        "--experiment",
        "new",
        "-o",
        "json",
    ]);
    let judged: Value = serde_json::from_str(&left.out).unwrap();
    assert_eq!(
        (&judged["classification"], &judged["mode"]),
        (&"High".into(), &"batch".into())
    );
    assert_eq!(judged["judge"], "NetflixACAJudge-v1.0");
    let left = place.run(&["analyze", "--control", "old", "--experiment", "new"]);
    insta::assert_snapshot!(left.out, @r"
    High: the experiment lies 30.0000 above the control, between 25.0000 and 35.0000 at 98 %
    the judge is Kayenta's NetflixACAJudge-v1.0, with its quirks:
      - judged once, as a batch: asking again while data come in makes false alarms likelier
      - neighbouring figures are taken as independent, which figures of neighbouring minutes are not
      - the tolerance is a quarter of the estimated difference itself, so it hardly ever matters
      - 98 % is for each metric alone: ten metrics are wrong ten times as often
    ");
}

#[test]
fn what_is_no_tick_ends_with_65_and_nothing_to_judge_with_64() {
    let place = Place::empty();
    std::fs::write(place.path("ticks.jsonl"), "[1,0,1,0]\n[1,2,1,0]\n").unwrap();
    insta::assert_snapshot!(place.run(&["analyze", "ticks.jsonl"]).whole(), @r"
    exit 65
    --
    error[WL0449]: ticks.jsonl: line 2: more bad requests than requests
      hint: what such a file holds: windlass analyze --help
    ");
    assert_eq!(place.run(&["analyze"]).code, 64);
    assert_eq!(place.run(&["analyze", "nothing.jsonl"]).code, 64);
    assert_eq!(
        place
            .run(&["analyze", "ticks.jsonl", "--alpha", "1.5"])
            .code,
        64
    );
}

#[test]
fn a_rule_is_tried_before_it_is_trusted_and_so_are_those_of_the_file() {
    let place = Place::empty();
    let healthy = "[900,1,100,0]\n".repeat(6);
    let sick = "[900,1,100,40]\n".repeat(10);
    std::fs::write(place.path("ticks.jsonl"), healthy + &sick).unwrap();
    let left = place.run(&[
        "analyze",
        "ticks.jsonl",
        "--rule",
        "error rate > 5% for 10s",
        "--rule",
        "response time > 2s for 30s",
    ]);
    let all: Vec<&str> = left.out.lines().collect();
    insta::assert_snapshot!(all[all.len() - 2..].join("\n"), @r"
    error rate > 5% for 10s: met after tick 16, 16s: 400 of 1,000 answers of the candidate in 10s were errors
    p95 > 2s for 30s: not watched: these counts say nothing of it, or too few came
    ");
    let file = "app: shop\nservices:\n  web:\n    run: sh -c 'sleep 60'\n    rollback_on: [{ all: [error rate > 5% for 5s, error rate > 10% over 5s], then: hold }]\n";
    std::fs::write(place.path("windlass.yaml"), file).unwrap();
    let left = place.run(&["analyze", "ticks.jsonl", "--service", "web", "-o", "json"]);
    let tried: Value = serde_json::from_str(&left.out).unwrap();
    assert_eq!(
        (
            &tried["rules"][0]["met"]["tick"],
            &tried["rules"][0]["rule"]["then"]
        ),
        (&11.into(), &"hold".into()),
        "{}",
        left.whole()
    );
    let left = place.run(&["analyze", "ticks.jsonl", "--service", "wbe"]);
    assert!(left.err.contains("it has web"), "{}", left.whole());
    let left = place.run(&["analyze", "ticks.jsonl", "--rule", "error rate > 5 for 10s"]);
    assert_eq!(left.code, 64);
    assert!(left.err.contains("write 5%"), "{}", left.whole());
}
