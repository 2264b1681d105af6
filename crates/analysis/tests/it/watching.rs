//! All that is watched of one candidate.

use std::collections::BTreeMap;

use windlass_analysis::ratio::comparison::Plan;
use windlass_analysis::watch::{Counts, Dealt, Fired, Gauge, Interval, Read, Setting, Watch};
use windlass_model::{
    Lasting, Limit, Measure, Millis, Percent, Rate, Rule, Tally, Then, Trigger, Verdict,
};

use crate::conditions::{failed, took};

pub(crate) fn percent(share: u8) -> Percent {
    Percent::try_from(share).expect("a share")
}

pub(crate) fn watch(rules: Vec<Rule>) -> Watch {
    let plan = Plan::default();
    let failures = Gauge::Metric("login_failures".to_owned());
    let every = Millis::from_secs(10);
    let memory = (Gauge::Memory, Millis::from_secs(1));
    let probe = (Gauge::Probe("database".to_owned()), every);
    let gauges = BTreeMap::from([(failures, every), memory, probe]);
    Watch::new(&Setting {
        rules,
        gauges,
        score: None,
        tolerance: None,
        by_turn: true,
        plan,
    })
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
        words.starts_with("errors 2.00 % against 0.11 % beside it: worse, "),
        "{words}"
    );
    assert_eq!(watch.verdict(), Verdict::Fail);
}

#[test]
fn where_few_ask_every_request_is_compared_though_hardly_two_come_in_one_tick() {
    let mut watch = watch(Rule::defaults());
    let nothing = || failed(0, 0);
    for at in 0..400 {
        // Every second tick has a request, and of four every one goes to the candidate.
        let (candidate, stable) = match at % 8 {
            0 => (failed(1, 0), nothing()),
            2 | 4 | 6 => (nothing(), failed(1, 0)),
            _idle => (nothing(), nothing()),
        };
        let interval = Interval {
            from_ms: at * 100,
            until_ms: (at + 1) * 100,
            candidate,
            stable,
        };
        let _none = watch.push(&interval, &dealt(percent(25), &interval));
    }
    let judgement = watch.judgement(percent(25));
    // The last three wait for the candidate's next one.
    let compared = [judgement.candidate, judgement.stable].map(|tally| tally.requests);
    assert_eq!(compared, [50, 147]);
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
        "1.00 % against 1.00 % beside it: shown to be less than 2 times as often; 600,000 requests"
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

fn metric(lasting: Lasting) -> Rule {
    let above = Limit::Share(Rate::from_parts(500).expect("5 %"));
    let name = "login_failures".to_owned();
    Rule::from(Trigger::Metric {
        name,
        above,
        lasting,
    })
}

/// A reading every ten seconds from `at` seconds on.
fn read(watch: &mut Watch, at: u64, values: &[Option<f64>]) -> Vec<Fired> {
    let each = values.iter().zip(0u64..);
    let failures = Gauge::Metric("login_failures".to_owned());
    let fired = each.map(|(value, place)| {
        let read = value.map(Read::from);
        watch.measure(&failures, (at + 10 * place) * 1_000, read.as_ref())
    });
    fired.flatten().collect()
}

fn words(fired: &[Fired]) -> Vec<String> {
    fired.iter().map(|fired| fired.words("version 2")).collect()
}

const BAD: Option<f64> = Some(0.08);
const GOOD: Option<f64> = Some(0.05);

#[test]
fn a_metric_is_met_once_every_reading_of_the_time_was_above() {
    let half_a_minute = Lasting::For(Millis::from_secs(30));
    let mut watch = watch(vec![metric(half_a_minute)]);
    assert_eq!(
        read(&mut watch, 0, &[BAD, BAD, BAD, GOOD]),
        [],
        "5 % is not more than 5 %"
    );
    assert_eq!(
        read(&mut watch, 40, &[BAD, BAD, None, BAD, BAD, BAD]),
        [],
        "no data is no breach"
    );
    let fired = read(&mut watch, 100, &[Some(0.06), BAD]);
    assert_eq!(
        words(&fired),
        ["login_failures of version 2 was 0.06 at least in 4 readings over 30s"]
    );
    assert_eq!(read(&mut watch, 120, &[BAD]), [], "told once");
}

#[test]
fn a_metric_that_nobody_read_for_long_did_not_last() {
    let mut watch = watch(vec![metric(Lasting::For(Millis::from_secs(60)))]);
    assert_eq!(read(&mut watch, 0, &[BAD, BAD, BAD]), []);
    assert_eq!(read(&mut watch, 600, &[BAD, BAD, BAD]), []);
    assert_eq!(read(&mut watch, 630, &[BAD, BAD, BAD]), [], "50 s");
    assert_eq!(read(&mut watch, 660, &[BAD]).len(), 1);
}

#[test]
fn over_a_window_the_mean_counts_once_half_of_it_is_covered() {
    let mut watch = watch(vec![metric(Lasting::Over(Millis::from_secs(60)))]);
    assert_eq!(read(&mut watch, 0, &[BAD, BAD, BAD]), [], "20 s of 60");
    assert_eq!(
        words(&read(&mut watch, 30, &[GOOD])),
        ["login_failures of version 2 was 0.0725 in the mean of 4 readings over 30s"]
    );
    let mut watch = self::watch(vec![metric(Lasting::Over(Millis::from_secs(60)))]);
    assert_eq!(read(&mut watch, 0, &[Some(0.9); 2]), []);
    assert_eq!(
        read(&mut watch, 80, &[GOOD; 7]),
        [],
        "what is older than the window is gone"
    );
}

#[test]
fn what_is_no_number_is_no_data_and_a_rule_without_any_is_not_watched() {
    let mut watch = watch(vec![metric(Lasting::For(Millis::from_secs(10)))]);
    let nothing = [
        Some(f64::NAN),
        None,
        Some(f64::INFINITY),
        Some(f64::NEG_INFINITY),
    ];
    assert_eq!(read(&mut watch, 0, &nothing), []);
    push(&mut watch, 0..1, &(failed(10, 0), failed(10, 0)));
    assert_eq!(watch.judgement(percent(10)).not_watched.len(), 1);
    read(&mut watch, 60, &[GOOD]);
    push(&mut watch, 1..2, &(failed(10, 0), failed(10, 0)));
    assert_eq!(watch.judgement(percent(10)).not_watched, []);
}

#[test]
fn a_metric_and_answers_can_agree() {
    let errors = Trigger::ErrorRate {
        above: Rate::from_parts(1_000).expect("10 %"),
        lasting: Millis::from_secs(2),
    };
    let mut both = metric(Lasting::For(Millis::from_secs(20)));
    both.all.push(errors);
    let mut watch = watch(vec![both]);
    assert_eq!(read(&mut watch, 0, &[BAD; 4]), []);
    assert_eq!(
        push(&mut watch, 0..10, &(failed(100, 0), failed(100, 0))),
        []
    );
    let fired = push(&mut watch, 10..20, &(failed(100, 50), failed(100, 0)));
    assert_eq!(fired.len(), 1);
    assert_eq!(fired[0].evidence.len(), 2);
}

#[test]
fn a_watch_that_was_written_down_goes_on_with_its_readings() {
    let mut watch = watch(vec![metric(Lasting::For(Millis::from_secs(30)))]);
    assert_eq!(read(&mut watch, 0, &[BAD, BAD, Some(0.1 + 0.2)]), []);
    let text = serde_json::to_string(&watch).expect("a text");
    let mut again: Watch = serde_json::from_str(&text).expect("a watch");
    assert_eq!(again, watch);
    assert_eq!(read(&mut again, 30, &[BAD]), read(&mut watch, 30, &[BAD]));
    let number = Limit::Number(Measure::nearest(1.5));
    assert_eq!(number.to_string(), "1.5");
}

#[test]
fn where_visitors_keep_their_release_no_split_is_checked() {
    let mut turns = watch(Rule::defaults());
    let mut sticky = Watch::new(&Setting {
        rules: Rule::defaults(),
        gauges: BTreeMap::new(),
        score: None,
        tolerance: None,
        by_turn: false,
        plan: Plan::default(),
    });
    // One visitor of the candidate asks as often as all others together.
    for at in 0..60 {
        let interval = second(at, failed(500, 0), failed(500, 0));
        let dealt = dealt(percent(10), &interval);
        turns.push(&interval, &dealt);
        sticky.push(&interval, &dealt);
    }
    assert_eq!(turns.verdict(), Verdict::Error);
    assert_ne!(sticky.verdict(), Verdict::Error);
}

#[test]
fn a_probe_is_met_by_its_second_bad_answer_once_the_time_is_over() {
    let rule = Rule::from(Trigger::ProbeFailing {
        probe: "database".to_owned(),
        lasting: Millis::from_secs(10),
    });
    let mut watch = watch(vec![rule]);
    let gauge = Gauge::Probe("database".to_owned());
    let fails = Read {
        value: Read::FAILS,
        saw: Some("it says `down`".to_owned()),
    };
    let works = Read::from(Read::WORKS);
    let mut told = Vec::new();
    for (at, read) in [
        (0, &fails),
        (10, &works),
        (20, &fails),
        (25, &fails),
        (30, &fails),
    ] {
        let fired = watch.measure(&gauge, at * 1_000, Some(read));
        told.push(words(&fired).join(""));
    }
    let met = "database of version 2 failed 3 times in a row over 10s: it says `down`";
    assert_eq!(told, ["", "", "", "", met]);
}

#[test]
fn memory_is_met_once_every_look_was_above() {
    let rule = Rule::from(Trigger::Memory {
        above: Rate::from_parts(9_500).expect("95 %"),
        lasting: Millis::from_secs(2),
    });
    let mut watch = watch(vec![rule]);
    let mut told = Vec::new();
    for (at, share) in [0.97, 0.95, 0.96, 0.97, 0.99].into_iter().enumerate() {
        let at = u64::try_from(at).expect("few");
        let fired = watch.measure(&Gauge::Memory, at * 1_000, Some(&Read::from(share)));
        told.push(words(&fired).join(""));
    }
    let met = "version 2 held at least 96.0 % of its memory limit in each of 3 readings over 2s";
    assert_eq!(told, ["", "", "", "", met]);
}

fn scored(before: Option<f64>) -> Watch {
    Watch::new(&Setting {
        rules: vec![Rule::from(Trigger::ScoreDrops {
            by: windlass_model::Drop::Points(500),
        })],
        gauges: BTreeMap::new(),
        score: before.map(Measure::nearest),
        by_turn: true,
        plan: Plan::default(),
        tolerance: None,
    })
}

/// Scores, ten seconds apart; how many rules fired.
fn scores(watch: &mut Watch, from_s: u64, scores: &[Option<f64>]) -> usize {
    let times = (from_s..).step_by(10);
    let fired = times.zip(scores).map(|(at, score)| {
        let score = score.map(Measure::nearest);
        watch.score(at * 1_000, score).len()
    });
    fired.sum()
}

#[test]
fn a_score_fires_when_it_was_low_three_times_in_a_row_and_only_beside_one_from_before() {
    let low = Some(88.0);
    assert_eq!(scores(&mut scored(Some(93.0)), 0, &[low, low, low, low]), 1);
    assert_eq!(
        scores(&mut scored(Some(93.0)), 0, &[low, low, Some(88.1), low]),
        0
    );
    assert_eq!(
        scores(&mut scored(Some(93.0)), 0, &[low, low, None, low, low]),
        0
    );
    assert_eq!(scores(&mut scored(None), 0, &[low, low, low, low]), 0);
}

#[test]
fn several_scores_of_one_moment_are_one() {
    let mut watch = scored(Some(93.0));
    for at_ms in [0, 1, 2, 4_999] {
        assert_eq!(watch.score(at_ms, Some(Measure::nearest(10.0))), []);
    }
}

#[test]
fn scores_go_on_by_the_clock_of_another_controller() {
    let low = Some(80.0);
    let mut watch = scored(Some(93.0));
    assert_eq!(scores(&mut watch, 86_400, &[low, low]), 0);
    assert_eq!(scores(&mut watch, 0, &[low, low, low]), 1);
}

#[test]
fn a_watch_that_was_written_down_goes_on_with_its_scores() {
    let mut watch = scored(Some(0.1 + 92.2));
    assert_eq!(scores(&mut watch, 0, &[Some(80.0), Some(80.0)]), 0);
    let text = serde_json::to_string(&watch).expect("a text");
    let mut again: Watch = serde_json::from_str(&text).expect("a watch");
    assert_eq!(again, watch);
    assert_eq!(scores(&mut again, 20, &[Some(80.0)]), 1);
}
