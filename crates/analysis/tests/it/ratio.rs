//! A candidate beside the stable release: what must hold whatever comes in.

use proptest::prelude::*;
use windlass_analysis::ratio::comparison::{Comparison, Plan, Shown};
use windlass_analysis::ratio::cusum::Detector;
use windlass_analysis::ratio::interval::Evidence;
use windlass_analysis::ratio::sensitivity::Regression;
use windlass_analysis::ratio::split::SplitCheck;
use windlass_analysis::ratio::{Arm, Process, Test, Tick};

use crate::random::Random;

fn tick(counts: [u64; 4]) -> Tick {
    Tick::of(counts).expect("no more bad requests than requests")
}

fn arm() -> impl Strategy<Value = Arm> {
    (0_u64..2_000)
        .prop_flat_map(|requests| (0..=requests.min(40)).prop_map(move |bad| Arm { requests, bad }))
}

fn ticks() -> impl Strategy<Value = Vec<Tick>> {
    let tick = (arm(), arm()).prop_map(|(stable, candidate)| Tick { stable, candidate });
    prop::collection::vec(tick, 1..40)
}

fn tests() -> impl Strategy<Value = Test> {
    (prop::bool::ANY, 0.5_f64..4.0).prop_map(|(harm, bound)| {
        if harm {
            Test::harm(bound)
        } else {
            Test::not_worse(bound)
        }
    })
}

fn after(test: Test, ticks: &[Tick]) -> Process {
    let mut process = Process::new(test);
    for tick in ticks {
        process.push(*tick);
    }
    process
}

fn near(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-9 * (1.0 + left.abs().max(right.abs()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn ticks_at_the_same_share_may_be_put_together(test in tests(), stable in arm(), candidate in arm(), times in 2_usize..6) {
        let one = Tick { stable, candidate };
        let all = (1..times).fold(one, |sum, _| sum.plus(one));
        let single = after(test, &vec![one; times]);
        prop_assert!(near(single.log_e(), after(test, &[all]).log_e()));
    }

    #[test]
    fn the_order_of_ticks_does_not_matter(test in tests(), ticks in ticks()) {
        let backwards: Vec<Tick> = ticks.iter().rev().copied().collect();
        prop_assert!(near(after(test, &ticks).log_e(), after(test, &backwards).log_e()));
    }

    #[test]
    fn harm_grows_with_the_candidates_errors_and_falls_with_those_of_the_stable(ticks in ticks(), bound in 0.5_f64..4.0) {
        let before = after(Test::harm(bound), &ticks).log_e();
        let Some(place) = ticks.iter().position(|t| t.share().is_some() && t.candidate.bad < t.candidate.requests && t.stable.bad < t.stable.requests) else {
            return Ok(());
        };
        let mut worse = ticks.clone();
        worse[place].candidate.bad += 1;
        prop_assert!(after(Test::harm(bound), &worse).log_e() >= before - 1e-9);
        let mut better = ticks.clone();
        better[place].stable.bad += 1;
        prop_assert!(after(Test::harm(bound), &better).log_e() <= before + 1e-9);
    }

    #[test]
    fn harm_of_one_is_the_other_not_being_worse(ticks in ticks()) {
        let swapped: Vec<Tick> = ticks.iter().map(|t| Tick { stable: t.candidate, candidate: t.stable }).collect();
        let harm = after(Test::harm(1.0), &ticks).log_e();
        let not_worse = after(Test::not_worse(1.0), &swapped).log_e();
        prop_assert!(near(harm, not_worse), "{harm} {not_worse}");
    }

    #[test]
    fn what_was_written_down_goes_on_bit_by_bit(ticks in ticks(), cut in 0_usize..40) {
        let mut through = Comparison::new(Plan::default());
        let mut restarted = Comparison::new(Plan::default());
        for (place, tick) in ticks.iter().enumerate() {
            if place == cut {
                let text = serde_json::to_string(&restarted).expect("written");
                restarted = serde_json::from_str(&text).expect("read");
            }
            through.push(*tick);
            restarted.push(*tick);
        }
        prop_assert_eq!(&through, &restarted);
        let bits = |c: &Comparison| (c.finding(0.5).log_e.to_bits(), c.finding(0.5).interval);
        prop_assert_eq!(bits(&through), bits(&restarted));
    }

    #[test]
    fn a_billion_errors_are_a_figure(bad in 1_u64..1_000_000_000, share in 1_u64..100) {
        let all = tick([100 * bad, bad, share * bad, bad]);
        for test in [Test::harm(1.0), Test::not_worse(2.0)] {
            prop_assert!(after(test, &[all]).log_e().is_finite());
        }
    }

    #[test]
    fn a_range_that_lies_above_one_is_never_without_a_verdict(ticks in ticks()) {
        let mut comparison = Comparison::new(Plan::default());
        let last = ticks.len().saturating_sub(1);
        for (place, tick) in ticks.into_iter().enumerate() {
            comparison.push(tick);
            // The interval is the dear part: at some looks, and the last.
            if place % 8 != 0 && place != last {
                continue;
            }
            let finding = comparison.finding(1.0);
            let is_above = finding.interval.0 > 1.0;
            prop_assert!(!is_above || finding.shown == Shown::Harm, "{finding:?}");
        }
    }

    #[test]
    fn an_interval_holds_the_ratio_that_was_measured(counts in (100_u64..100_000, 1_u64..100, 100_u64..100_000, 1_u64..100)) {
        let tick = tick([counts.0, counts.1.min(counts.0), counts.2, counts.3.min(counts.2)]);
        let mut evidence = Evidence::default();
        evidence.push(tick);
        let ratio = tick.candidate.rate().expect("requests") / tick.stable.rate().expect("requests");
        let (low, high) = evidence.interval(0.05);
        prop_assert!(low <= ratio && ratio <= high, "{low} {ratio} {high}");
    }
}

#[test]
fn a_tick_of_one_arm_compares_nothing() {
    let mut process = after(Test::harm(1.0), &[tick([500, 1, 500, 9])]);
    let before = process.log_e().to_bits();
    for idle in [[0, 0, 40, 40], [40, 40, 0, 0], [0, 0, 0, 0]] {
        process.push(tick(idle));
    }
    assert_eq!(process.log_e().to_bits(), before);
}

#[test]
fn more_bad_requests_than_requests_are_no_tick() {
    assert_eq!(Tick::of([10, 11, 10, 0]), None);
    assert_eq!(Tick::of([10, 0, 10, 11]), None);
}

/// Weights of beginnings that were not opened count as one each, so nothing is won by opening many.
#[test]
fn beginnings_without_errors_change_no_evidence() {
    let mut process = Process::with_later_starts(Test::harm(1.0), 1_000);
    for _ in 0..1_000 {
        process.push(tick([500, 0, 500, 0]));
    }
    assert!(process.log_e().abs() < 1e-9, "{}", process.log_e());
}

#[test]
fn a_candidate_that_turns_bad_late_is_seen_sooner_with_later_starts() {
    let until_seen = |mut process: Process| {
        for _ in 0..400 {
            process.push(tick([500, 1, 500, 1]));
        }
        (1_u64..=1_000)
            .find(|_| {
                process.push(tick([500, 1, 500, 5]));
                process.shown_at(0.01)
            })
            .expect("seen")
    };
    let with = until_seen(Process::with_later_starts(Test::harm(1.0), 10_000));
    let without = until_seen(Process::new(Test::harm(1.0)));
    assert!(with * 3 < without * 2, "{with} of {without}");
}

#[test]
fn bursts_make_every_event_say_less() {
    let ticks = [tick([500, 2, 500, 30])];
    let plain = after(Test::harm(1.0), &ticks).log_e();
    let mut corrected = Process::new(Test::harm(1.0)).in_bursts_of(3.0);
    corrected.push(ticks[0]);
    assert!(corrected.log_e() < plain / 2.0);
}

#[test]
fn a_split_that_is_not_kept_is_seen_and_a_change_of_weights_is_not_one() {
    let mut fair = SplitCheck::new(vec![95, 5]);
    fair.push(&[9_480, 520]);
    fair.change(vec![50, 50]);
    fair.push(&[5_020, 4_980]);
    assert!(!fair.broken(), "{}", fair.log_e());
    let mut broken = SplitCheck::new(vec![95, 5]);
    broken.push(&[9_000, 1_000]);
    assert!(broken.broken());
    let mut none = SplitCheck::new(vec![100, 0]);
    none.push(&[1_000, 0]);
    assert!(!none.broken());
    none.push(&[0, 1]);
    assert!(none.broken(), "nothing may arrive where nothing is sent");
}

#[test]
fn a_watch_without_an_end_forgets_the_good_days() {
    let mut detector = Detector::new(Test::harm(1.0));
    for _ in 0..1_000 {
        detector.push(tick([900, 1, 100, 0]));
    }
    assert!(!detector.alarms_at(1e6));
    let seen = (0..60).any(|_| {
        detector.push(tick([900, 1, 100, 5]));
        detector.alarms_at(1e6)
    });
    assert!(seen);
}

fn told(ticks: impl IntoIterator<Item = [u64; 4]>, plan: Plan) -> (Shown, String) {
    let mut comparison = Comparison::new(plan);
    for counts in ticks {
        comparison.push(tick(counts));
    }
    let finding = comparison.finding(1.0);
    (finding.shown, format!("errors {finding}"))
}

#[test]
fn a_finding_says_in_words_what_it_rests_on() {
    insta::assert_snapshot!(told([], Plan::default()).1, @"errors not compared yet: no requests to both at the same time");
    let same = [tick_of(6_200, 25, 26)];
    insta::assert_snapshot!(told(same, Plan::default()).1, @"errors 0.42 % against 0.40 % beside it: more, which may be chance; 12,400 requests; 2 % or more would have been seen");
    let clean = [tick_of(500, 0, 0)];
    insta::assert_snapshot!(told(clean, Plan::default()).1, @"errors 0.00 % against 0.00 % beside it: no sign of harm; 1,000 requests; 4 % or more would have been seen");
    let few = [tick_of(9, 0, 0)];
    insta::assert_snapshot!(told(few, Plan::default()).1, @"errors 0.00 % against 0.00 % beside it: no sign of harm; 18 requests, too few to see harm by");
    let only_new = [tick_of(200, 0, 40)];
    insta::assert_snapshot!(told(only_new, Plan::default()).1, @"errors 20.00 % against 0.00 % beside it: shown to be worse; 400 requests");
    let many = [tick_of(6_200, 25, 26); 4];
    insta::assert_snapshot!(told(many, Plan::default()).1, @"errors 0.42 % against 0.40 % beside it: shown to be less than 2 times as often; 49,600 requests");
    let worse = [tick_of(6_200, 25, 90)];
    insta::assert_snapshot!(told(worse, Plan::default()).1, @"errors 1.45 % against 0.40 % beside it: worse, 1.6 to 9.3 times as often; 12,400 requests");
    let better = [tick_of(200_000, 800, 600)];
    insta::assert_snapshot!(told(better, Plan::default()).1, @"errors 0.30 % against 0.40 % beside it: shown to be less than 2 times as often; 400,000 requests");
}

const fn tick_of(requests: u64, stable: u64, candidate: u64) -> [u64; 4] {
    [requests, stable, requests, candidate]
}

#[test]
fn silence_of_a_service_without_errors_is_evidence_in_the_end() {
    let plan = Plan {
        regression: Regression {
            times: 2.0,
            least: 0.001,
        },
        ..Plan::default()
    };
    assert_eq!(told([[1_000, 0, 1_000, 0]], plan).0, Shown::Nothing);
    assert_eq!(told([[50_000, 0, 50_000, 0]], plan).0, Shown::NoHarm);
}

/// Bursts and a tolerance make a test slower, so silence says less; a regression that is tolerated is
/// never ruled out.
#[test]
fn silence_says_less_where_the_test_is_slower() {
    let reach = |tolerance: f64, bursts: f64| {
        let plan = Plan {
            tolerance,
            bursts,
            ..Plan::default()
        };
        let mut comparison = Comparison::new(plan);
        comparison.push(tick([50_000, 200, 50_000, 200]));
        comparison.finding(1.0).reach
    };
    let plain = reach(1.0, 1.0).part;
    assert!((reach(1.0, 2.0).part * 2.0 - plain).abs() < 1e-9);
    assert!(reach(1.2, 1.0).part < 0.8 * plain);
    let tolerated = reach(2.0, 1.0);
    assert!(!tolerated.enough() && tolerated.more_requests.is_none());
}

/// A tick of ten requests has any share; what is missing rests on all of its stage.
#[test]
fn what_is_missing_does_not_wander_with_the_last_tick() {
    let mut comparison = Comparison::new(Plan::default());
    let mut more = |counts: [u64; 4]| {
        comparison.push(tick(counts));
        comparison
            .finding(1.0)
            .reach
            .more_requests
            .expect("it is known")
    };
    more([9_000, 36, 1_000, 4]);
    let (few, many) = (more([9, 0, 1, 0]), more([5, 0, 5, 0]));
    assert!(few.abs_diff(many) * 100 < few, "{few} and {many}");
    comparison.begin_stage();
    let mut more = |counts: [u64; 4]| {
        comparison.push(tick(counts));
        comparison
            .finding(1.0)
            .reach
            .more_requests
            .expect("it is known")
    };
    let halves = more([500, 2, 500, 2]);
    assert!(
        halves > many * 5 / 4,
        "half of what comes says less each: {halves} and {many}"
    );
}

/// Whether a search of so many ticks sees a candidate that errs so many times in a million.
fn sees(random: &mut Random, ticks: usize, (stable, candidate): (u64, u64)) -> bool {
    let mut comparison = Comparison::new(Plan::default());
    for _ in 0..ticks {
        let [mut old, mut new] = [Arm::default(); 2];
        for _ in 0..20 {
            let (arm, rate) = if random.hits(300_000) {
                (&mut new, candidate)
            } else {
                (&mut old, stable)
            };
            arm.requests += 1;
            arm.bad += u64::from(random.hits(rate));
        }
        comparison.push(Tick {
            stable: old,
            candidate: new,
        });
    }
    comparison.shown_and_reach(1.0).0 == Shown::Harm
}

/// *Would have been seen* is a promise about nine runs of ten: with what is said to be visible after so many
/// requests, and after no fewer.
#[test]
fn a_rate_that_is_said_to_be_visible_is_seen_in_nine_runs_of_ten() {
    let mut random = Random(11);
    for (ticks, stable) in [(10, 0), (100, 0), (100, 5_000), (300, 20_000)] {
        // Twenty requests a tick, three of ten to the candidate.
        let times = u64::try_from(ticks).expect("a small number");
        let mut few = Comparison::new(Plan::default());
        few.push(tick([
            14 * times,
            14 * times * stable / 1_000_000,
            6 * times,
            0,
        ]));
        let visible = few.finding(1.0).visible.expect("enough to see something");
        let rate = (1..=1_000_000_u32).find(|rate| f64::from(*rate) >= visible * 1e6);
        let rate = u64::from(rate.expect("a rate is at most one"));
        let runs = (0..100).filter(|_| sees(&mut random, ticks, (stable, rate)));
        let seen = runs.count();
        assert!(
            seen >= 85,
            "{seen} of 100 at {rate} beside {stable} in {ticks} ticks"
        );
    }
}
