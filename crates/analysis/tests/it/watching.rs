//! All that is watched of one candidate.

use windlass_analysis::ratio::comparison::Plan;
use windlass_analysis::watch::{Counts, Dealt, Fired, Interval, Setting, Watch};
use windlass_model::{Millis, Percent, Rate, Rule, Tally, Then, Trigger, Verdict};

use crate::conditions::{failed, took};

pub(crate) fn percent(share: u8) -> Percent {
    Percent::try_from(share).expect("a share")
}

pub(crate) fn watch(rules: Vec<Rule>) -> Watch {
    let plan = Plan::default();
    Watch::new(&Setting { rules, plan })
}

/// Requests of which each had its answer in the same interval, at this share.
pub(crate) fn dealt(share: Percent, interval: &Interval) -> Dealt {
    Dealt {
        share: Some(share),
        stable: interval.stable.answers,
        candidate: interval.candidate.answers,
        ..Dealt::default()
    }
}

/// A second of both, `at` seconds after the beginning.
pub(crate) fn second(at: u64, candidate: Counts, stable: Counts) -> Interval {
    Interval {
        from_ms: at * 1_000,
        until_ms: (at + 1) * 1_000,
        candidate,
        stable,
    }
}

fn push(watch: &mut Watch, seconds: std::ops::Range<u64>, counts: &(Counts, Counts)) -> Vec<Fired> {
    let all = seconds.map(|at| second(at, counts.0.clone(), counts.1.clone()));
    let fired: Vec<Vec<Fired>> = all
        .map(|interval| watch.push(&interval, &dealt(percent(10), &interval)))
        .collect();
    fired.into_iter().flatten().collect()
}

#[test]
fn what_errs_more_often_than_what_serves_beside_it_is_shown_to() {
    let mut watch = watch(Rule::defaults());
    assert_eq!(
        push(&mut watch, 0..60, &(failed(0, 0), failed(1_000, 1))),
        []
    );
    let fired = push(&mut watch, 60..90, &(failed(100, 2), failed(900, 1)));
    let [one] = &fired[..] else {
        unreachable!("{fired:?}");
    };
    assert!(one.rule.is(&Trigger::ErrorRateWorse));
    let words = one.words("version 2");
    assert!(
        words.starts_with("errors 2.00 % against 0.11 % before: worse, "),
        "{words}"
    );
    assert_eq!(watch.verdict(), Verdict::Fail);
}

#[test]
fn what_errs_as_often_is_not_and_silence_is_told_as_silence() {
    let mut watch = watch(Rule::defaults());
    let fired = push(&mut watch, 0..600, &(failed(100, 1), failed(900, 9)));
    assert_eq!(fired, []);
    let record = watch.judgement(percent(10));
    assert_eq!(record.not_watched, []);
    assert_eq!(record.verdict, Verdict::Pass);
    assert_eq!(
        record.words,
        "1.00 % against 1.00 % before: shown to be less than 2 times as often; 600,000 requests"
    );
    let tally = |requests, errors| Tally { requests, errors };
    assert_eq!(record.candidate, tally(60_000, 600));
    assert_eq!(record.stable, tally(540_000, 5_400));
    let mut silent = self::watch(Rule::defaults());
    push(&mut silent, 0..600, &(failed(0, 0), failed(900, 9)));
    let record = silent.judgement(percent(10));
    assert_eq!(record.verdict, Verdict::NoData);
    let names = record.not_watched.iter().map(Rule::to_string);
    let names: Vec<String> = names.collect();
    assert_eq!(
        names,
        ["error rate > 5% for 10s", "error rate worse than baseline"]
    );
}

#[test]
fn conditions_that_must_agree_are_met_at_the_same_time_only() {
    let lasting = Millis::from_secs(5);
    let rule = Rule {
        all: vec![
            Trigger::ErrorRate {
                above: Rate::from_parts(500).expect("a rate"),
                lasting,
            },
            Trigger::Slow {
                percentile: windlass_model::Percentile::USUAL,
                above: Millis::from_millis(200),
                lasting,
            },
        ],
        then: Then::Hold,
    };
    let mut watch = watch(vec![rule.clone()]);
    let slow = || took(400, 400);
    let bad = |counts: Counts| Counts {
        errors: 200,
        ..counts
    };
    assert_eq!(push(&mut watch, 0..20, &(slow(), failed(0, 0))), []);
    assert_eq!(
        push(&mut watch, 20..40, &(bad(took(400, 50)), failed(0, 0))),
        []
    );
    let fired = push(&mut watch, 40..60, &(bad(slow()), failed(0, 0)));
    assert_eq!(fired.len(), 1, "told once");
    assert_eq!(fired[0].rule, rule);
    assert_eq!(fired[0].evidence.len(), 2);
}

#[test]
fn a_watch_that_was_written_down_goes_on_bit_by_bit() {
    let mut first = watch(Rule::defaults());
    let counts = || (failed(100, 1), failed(900, 8));
    push(&mut first, 0..333, &counts());
    let text = serde_json::to_string(&first).expect("written");
    let mut back: Watch = serde_json::from_str(&text).expect("read");
    push(&mut first, 333..700, &counts());
    push(&mut back, 333..700, &counts());
    assert_eq!(back, first);
    let bytes = |watch: &Watch| serde_json::to_string(watch).expect("written");
    assert_eq!(bytes(&back), bytes(&first));
}
