//! Recorded counts, judged again.

use windlass_analysis::ratio::comparison::Plan;
use windlass_analysis::replay::{Unreadable, replay, rules, series};
use windlass_analysis::verdict::Verdict;
use windlass_model::{Millis, Percentile, Rate, Rule, Trigger};

#[test]
fn a_recording_is_judged_step_by_step_in_both_forms() {
    let text = "[900,1,100,0]\n\n\
        {\"stable\":{\"requests\":900,\"bad\":1},\"candidate\":{\"requests\":100,\"bad\":4}}\n\
        [900,1,100,5]\n[900,1,100,5]\n";
    let found = replay(text, Plan::default()).expect("read");
    assert_eq!((found.decided_at, found.verdict), (Some(3), Verdict::Fail));
    let lines: Vec<String> = found.steps.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    tick 1: 1,000 requests, bad 1 and 0, evidence of harm 0.00 of 4.61, 0 % of what a pass needs: wait
    tick 2: 2,000 requests, bad 2 and 4, evidence of harm 4.23 of 4.61, 1 % of what a pass needs: wait
    tick 3: 3,000 requests, bad 3 and 9, evidence of harm 12.57 of 4.61, 1 % of what a pass needs: roll back
    tick 4: 4,000 requests, bad 4 and 14, evidence of harm 21.21 of 4.61, 1 % of what a pass needs: roll back
    ");
    insta::assert_snapshot!(found.words, @"bad requests 3.00 % against 0.11 % beside it: worse, 3.3 to 633.9 times as often; 3,000 requests");
}

#[test]
fn a_recording_that_ends_too_early_is_inconclusive_and_an_empty_one_has_no_data() {
    let short = replay("[1000,3,1000,3]", Plan::default()).expect("read");
    assert_eq!(
        (short.decided_at, short.verdict),
        (None, Verdict::Inconclusive)
    );
    let empty = replay("", Plan::default()).expect("read");
    assert_eq!(empty.verdict, Verdict::NoData);
}

#[test]
fn what_is_no_tick_is_told_with_its_line() {
    let line = |text: &str| replay(text, Plan::default()).expect_err("refused").line;
    assert_eq!(line("[1,0,1,0]\n[1,2,1,0]"), 2);
    for bad in [
        "x",
        "[1,2,3]",
        "{}",
        "[1,0,1,-1]",
        "{\"stable\":{\"requests\":1,\"bad\":0}}",
        "{\"stable\":{\"requests\":1,\"bad\":0},\"candidate\":{\"requests\":1,\"bad\":0,\"ms\":[1,2]}}",
        "{\"stable\":{\"requests\":1,\"bad\":0},\"candidate\":{\"requests\":1,\"bad\":0,\"ms\":[-1]}}",
    ] {
        assert_eq!(line(bad), 1, "{bad}");
    }
}

#[test]
fn a_series_has_missing_values_and_no_words() {
    let read = series("1\n2.5\n\nNaN\n-\n").expect("read");
    assert_eq!(read.len(), 4);
    assert!(read[2].is_nan() && read[3].is_nan());
    assert!(matches!(
        series("1\nten\n"),
        Err(Unreadable { line: 2, .. })
    ));
    assert!(series("inf").is_err());
}

fn rule(trigger: Trigger) -> Rule {
    Rule::from(trigger)
}

#[test]
fn rules_are_met_at_the_tick_at_which_the_engine_would_have_acted() {
    let above = Rate::from_parts(500).expect("a rate");
    let lasting = Millis::from_secs(10);
    let errors = rule(Trigger::ErrorRate { above, lasting });
    let slow = rule(Trigger::Slow {
        percentile: Percentile::USUAL,
        above: Millis::from_millis(200),
        lasting,
    });
    let all = [
        errors,
        slow,
        rule(Trigger::ErrorRateWorse),
        rule(Trigger::Crash),
    ];
    let healthy = "[900,1,100,0]\n".repeat(20);
    let sick = "[900,1,100,20]\n".repeat(20);
    let found = rules(
        &(healthy + &sick),
        &all,
        Millis::from_secs(1),
        Plan::default(),
    )
    .expect("a recording");
    let met: Vec<_> = found
        .iter()
        .map(|ruled| ruled.met.as_ref().map(|met| met.tick))
        .collect();
    assert_eq!(met, [Some(30), None, Some(21), None]);
    let watched: Vec<_> = found.iter().map(|ruled| ruled.watched).collect();
    assert_eq!(
        watched,
        [true, false, true, false],
        "no times and no crash in it"
    );
    assert_eq!(
        found[0].to_string(),
        "error rate > 5% for 10s: met after tick 30, 30s: 200 of 1,000 answers of the candidate in 10s \
         were errors"
    );
}

#[test]
fn times_of_answers_are_judged_where_a_recording_has_them() {
    let slow = rule(Trigger::Slow {
        percentile: Percentile::USUAL,
        above: Millis::from_millis(200),
        lasting: Millis::from_secs(5),
    });
    let times = vec!["250"; 400].join(",");
    let side = |ms: &str| format!("{{\"requests\":400,\"bad\":0,\"ms\":[{ms}]}}");
    let line = format!(
        "{{\"stable\":{},\"candidate\":{}}}\n",
        side(""),
        side(&times)
    );
    let found = rules(
        &line.repeat(8),
        &[slow],
        Millis::from_secs(1),
        Plan::default(),
    )
    .expect("a recording");
    assert_eq!(found[0].met.as_ref().map(|met| met.tick), Some(5));
}
