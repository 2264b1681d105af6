//! Rules with a threshold: what fires, and exactly when.

use windlass_analysis::ratio::Arm;
use windlass_analysis::trigger::baseline::{Figure, above_baseline};
use windlass_analysis::trigger::burn::{Burn, CUSTOMARY};
use windlass_analysis::trigger::drop::{By, Drop, Outcome as Dropped};
use windlass_analysis::trigger::fewest::{CHANCE, chance, fewest};
use windlass_analysis::trigger::lasting::Span;
use windlass_analysis::trigger::misfire::Seen;
use windlass_analysis::trigger::reading::{failing, figure_above, percentile_above, rate_above};
use windlass_analysis::trigger::window::RateOver;
use windlass_analysis::trigger::{Lasting, Outcome, Reading};
use windlass_analysis::watch::{Traffic, misfires};
use windlass_model::{Millis, Rate, Rule, Trigger};

fn rate(parts: u16) -> Rate {
    Rate::from_parts(parts).expect("a rate")
}

const fn arm(requests: u64, bad: u64) -> Arm {
    Arm { requests, bad }
}

fn span(from: u64) -> Span {
    Span {
        from_ms: from * 1_000,
        until_ms: (from + 5) * 1_000,
    }
}

fn lasting(readings: &[Reading]) -> Vec<Outcome> {
    let mut rule = Lasting::new(Millis::from_secs(15));
    let at = (0_u64..).step_by(5);
    readings
        .iter()
        .zip(at)
        .map(|(reading, at)| rule.push(span(at), *reading))
        .collect()
}

#[test]
fn three_ticks_of_five_seconds_are_fifteen_seconds() {
    use Reading::{Breach, Good, Nothing};
    let rising = |over_ms| Outcome::Rising { over_ms };
    let fires = |over_ms| Outcome::Fires { over_ms };
    assert_eq!(
        lasting(&[Breach, Breach, Breach, Breach, Good]),
        [
            rising(5_000),
            rising(10_000),
            fires(15_000),
            fires(20_000),
            Outcome::Quiet
        ]
    );
    assert_eq!(
        lasting(&[Breach, Breach, Nothing, Breach]),
        [
            rising(5_000),
            rising(10_000),
            Outcome::Silent,
            rising(5_000)
        ]
    );
    assert_eq!(
        lasting(&[Nothing; 3]).last(),
        Some(&Outcome::NoData { over_ms: 15_000 }),
        "silence is an outcome of its own"
    );
}

#[test]
fn a_gap_begins_the_run_anew() {
    let mut rule = Lasting::new(Millis::from_secs(10));
    assert_eq!(
        rule.push(span(0), Reading::Breach),
        Outcome::Rising { over_ms: 5_000 }
    );
    assert_eq!(
        rule.push(span(6), Reading::Breach),
        Outcome::Rising { over_ms: 5_000 }
    );
}

#[test]
fn exactly_the_threshold_is_not_above_it_and_too_few_say_nothing() {
    assert_eq!(rate_above(arm(1_000, 100), rate(1_000), 1), Reading::Good);
    assert_eq!(rate_above(arm(1_000, 101), rate(1_000), 1), Reading::Breach);
    assert_eq!(rate_above(arm(9, 9), rate(1_000), 10), Reading::Nothing);
    assert_eq!(rate_above(arm(0, 0), rate(1_000), 0), Reading::Nothing);
}

/// By sorting and taking the nearest rank, for every size and every count up to sixty.
#[test]
fn a_percentile_is_above_exactly_if_its_rank_is() {
    for n in 1_u64..60 {
        for slow in 0..=n {
            for (p, parts) in [(0.5, 50), (0.95, 95), (0.99, 99)] {
                let rank = (n * parts).div_ceil(100);
                let wanted = if rank > n - slow {
                    Reading::Breach
                } else {
                    Reading::Good
                };
                assert_eq!(
                    percentile_above(arm(n, slow), p, 1),
                    wanted,
                    "{slow} of {n} at {p}"
                );
            }
        }
    }
}

#[test]
fn figures_and_probes_that_are_not_there_say_nothing() {
    assert_eq!(figure_above(None, 0.95), Reading::Nothing);
    assert_eq!(figure_above(Some(f64::NAN), 0.95), Reading::Nothing);
    assert_eq!(figure_above(Some(0.96), 0.95), Reading::Breach);
    assert_eq!(failing(None), Reading::Nothing);
    assert_eq!(failing(Some(false)), Reading::Breach);
    assert_eq!(failing(Some(true)), Reading::Good);
}

#[test]
fn a_window_forgets_what_ended_before_it() {
    let mut rule = RateOver::new(rate(100), Millis::from_secs(10), 100);
    assert_eq!(rule.push(5_000, arm(100, 50)), Reading::Breach);
    assert_eq!(rule.push(10_000, arm(1_000, 0)), Reading::Breach);
    assert_eq!(rule.push(15_000, arm(1_000, 0)), Reading::Good);
    assert_eq!(rule.sum(), arm(2_000, 0));
    assert_eq!(
        rule.push(60_000, arm(0, 0)),
        Reading::Nothing,
        "no data is not good"
    );
}

#[test]
fn a_window_of_three_days_keeps_a_bounded_number_of_slots() {
    let mut burn = Burn::new(CUSTOMARY[2], 0.999);
    let mut last = None;
    for second in 1..=100_000_u64 {
        last = Some(burn.push(second * 1_000, arm(10, u64::from(second % 100 == 0))));
    }
    let last = last.expect("pushed");
    assert!((last.long - 1.0).abs() < 1e-9, "{last:?}");
    let text = serde_json::to_string(&burn).expect("written");
    assert!(text.len() < 300_000, "{}", text.len());
}

#[test]
fn both_windows_must_burn() {
    let mut burn = Burn::new(CUSTOMARY[0], 0.999);
    for minute in 1..=59 {
        burn.push(minute * 60_000, arm(1_000, 20));
    }
    let burning = burn.push(60 * 60_000, arm(1_000, 20));
    assert!(burning.fires && burning.long > 19.9, "{burning:?}");
    let calm = (61..=66).map(|minute| burn.push(minute * 60_000, arm(1_000, 0)));
    let calm = calm.last().expect("six minutes");
    assert!(
        !calm.fires && calm.long > 14.4 && calm.short < 1.0,
        "{calm:?}"
    );
}

#[test]
fn a_baseline_needs_requests_on_both_sides() {
    let figure = |value, requests| Figure { value, requests };
    let twice = |candidate, baseline| above_baseline(candidate, baseline, 2.0, 100);
    assert_eq!(
        twice(figure(201.0, 500), figure(100.0, 500)),
        Reading::Breach
    );
    assert_eq!(twice(figure(200.0, 500), figure(100.0, 500)), Reading::Good);
    assert_eq!(
        twice(figure(900.0, 99), figure(100.0, 500)),
        Reading::Nothing
    );
    assert_eq!(
        twice(figure(900.0, 500), figure(100.0, 99)),
        Reading::Nothing
    );
    assert_eq!(
        twice(figure(900.0, 500), figure(0.0, 500)),
        Reading::Nothing
    );
}

#[test]
fn a_score_that_drops_fires_after_three_and_does_not_come_and_go() {
    use Dropped::{Fires, NoData, Quiet, Rising};
    let mut drop = Drop::new(95.0, By::Points(5.0));
    let scores = [90.0, 90.0, 91.0, 90.0, 89.0, 88.0, 91.5, 91.9, 92.5, 90.0];
    let said: Vec<Dropped> = scores.iter().map(|score| drop.push(Some(*score))).collect();
    let wanted = [
        Rising, Rising, Quiet, Rising, Rising, Fires, Fires, Fires, Quiet, Rising,
    ];
    assert_eq!(said, wanted);
    assert_eq!(drop.push(None), NoData);
    let mut share = Drop::new(80.0, By::Share(0.05));
    assert_eq!((0..3).map(|_| share.push(Some(76.0))).last(), Some(Fires));
    assert_eq!(share.push(None), Fires, "no score is no recovery");
    let mut nothing = Drop::new(0.0, By::Share(0.05));
    let said: Vec<Dropped> = (0..4).map(|_| nothing.push(Some(0.0))).collect();
    assert_eq!(said, [Quiet; 4], "from nothing no score drops");
}

#[test]
fn the_fewest_requests_are_those_of_the_table() {
    let table = [
        (100, 0.001, 809),
        (100, 0.005, 6_041),
        (1_000, 0.001, 30),
        (1_000, 0.01, 80),
        (1_000, 0.05, 557),
        (500, 0.005, 161),
    ];
    for (parts, base, told) in table {
        let found = fewest(rate(parts), base).expect("below the threshold");
        assert!(
            found <= told && found * 100 >= told * 97,
            "{found} beside {told}"
        );
        assert!(chance(rate(parts), base, found) <= CHANCE);
    }
    assert_eq!(fewest(rate(100), 0.01), None);
}

#[test]
fn a_rule_that_will_misfire_is_told_with_what_helps() {
    let seen = |per_second, base| Seen {
        above: rate(100),
        window: Millis::from_secs(10),
        windows: 1,
        fewest: 800,
        per_second,
        base,
    };
    insta::assert_snapshot!(seen(5.0, 0.001).misfire().expect("too few"), @"about 50 requests come in 10s, and below 800 it says nothing: so many keep a healthy service from passing 1% by chance; raise the threshold, or let it judge 2m40s at a time");
    insta::assert_snapshot!(seen(500.0, 0.02).misfire().expect("too high"), @"errors above 1% are nothing unusual here: there are 2.0% of them while all is well; raise the threshold");
    insta::assert_snapshot!(seen(100.0, 0.006).misfire().expect("by chance"), @"at 0.6% of errors, which is healthy here, it is met by chance in one of 24 tries; raise the threshold, or let it last longer");
    assert_eq!(seen(500.0, 0.001).misfire(), None);
}

#[test]
fn rules_on_errors_are_held_against_the_traffic_that_comes() {
    let rules: Vec<Rule> = [
        Trigger::DEFAULTS[2].clone(),
        Trigger::ErrorRateOver {
            above: rate(100),
            window: Millis::from_secs(300),
        },
        Trigger::Crash,
    ]
    .map(Rule::from)
    .to_vec();
    let found = |per_second, base| {
        let traffic = Traffic { per_second, base };
        let found = misfires(&rules, traffic, 0.05);
        let named = found.into_iter().map(|(trigger, _)| trigger.to_string());
        named.collect::<Vec<_>>().join("; ")
    };
    assert_eq!(found(100.0, 0.0005), "");
    assert_eq!(found(1.0, 0.0005), "error rate > 1% over 5m");
    assert_eq!(
        found(100.0, 0.08),
        "error rate > 5% for 10s; error rate > 1% over 5m"
    );
}
