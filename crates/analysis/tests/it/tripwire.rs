//! Page's cumulative sum.

use windlass_analysis::tripwire::{Cusum, LIMIT, Steps};
use windlass_model::Rate;

use crate::random::Random;

fn rate(parts: u16) -> Rate {
    Rate::from_parts(parts).expect("a rate")
}

/// Answers until it fires; none if it does not within `most`.
fn fires_after(
    cusum: &mut Cusum,
    random: &mut Random,
    of_a_million: u64,
    most: u64,
) -> Option<u64> {
    (1..=most).find(|_| cusum.push(random.hits(of_a_million)))
}

#[test]
fn a_candidate_of_errors_is_caught_within_six_answers_at_five_percent() {
    let mut cusum = Cusum::new(rate(500));
    let fired: Vec<bool> = (0..6).map(|_| cusum.push(true)).collect();
    assert_eq!(fired, [false, false, false, false, false, true]);
}

#[test]
fn half_errors_are_caught_within_a_few_dozen_answers() {
    let mut worst = 0;
    for seed in 0..1_000 {
        let mut cusum = Cusum::new(rate(500));
        let after = fires_after(&mut cusum, &mut Random(seed), 500_000, 10_000);
        worst = worst.max(after.expect("fired"));
    }
    assert!(worst <= 120, "{worst}");
}

/// The mean time between two alarms is at least a million answers, so twenty million of them may
/// bring twenty on average; forty would come by chance once in ten thousand runs, and the real
/// number is far lower, because Lorden's bound is not tight.
#[test]
fn at_the_threshold_itself_there_is_hardly_an_alarm() {
    for parts in [100, 500, 2_000] {
        let mut alarms = 0;
        let mut random = Random(7);
        let mut left: u64 = 20_000_000;
        while left > 0 {
            let mut cusum = Cusum::new(rate(parts));
            match fires_after(&mut cusum, &mut random, u64::from(parts) * 100, left) {
                Some(after) => {
                    alarms += 1;
                    left -= after;
                }
                None => break,
            }
        }
        assert!(alarms < 40, "{alarms} alarms at {parts} parts");
    }
}

/// A healthy service at a tenth of a percent needs six errors nearly in a row: less than once in
/// 10^15 answers.
#[test]
fn at_a_tenth_of_a_percent_none_fires() {
    let mut cusum = Cusum::new(rate(500));
    let fired = fires_after(&mut cusum, &mut Random(3), 1_000, 20_000_000);
    assert_eq!(fired, None);
}

#[test]
fn a_threshold_at_either_end_is_none_that_lies() {
    let mut none = Cusum::new(rate(0));
    assert!(!none.push(true), "one error is an accident");
    assert!((0..3).any(|_| none.push(true)));
    let mut all = Cusum::new(Rate::FULL);
    assert!((0..1_000_000).all(|_| !all.push(true)), "not more than all");
    let mut nearly = Cusum::new(rate(9_999));
    assert!((0..1_000_000).any(|_| nearly.push(true)));
}

#[test]
fn good_answers_take_back_and_never_save_up() {
    let steps = Steps::new(rate(500));
    assert_eq!(steps.after(0, false), 0);
    let one = steps.after(0, true);
    assert!(one > 0 && steps.after(one, false) < one);
    assert_eq!(steps.after(1, false), 0);
    assert!(steps.after(i64::MAX, true) >= LIMIT, "and no overflow");
}

#[test]
fn a_sum_goes_on_after_it_was_written_down() {
    let mut cusum = Cusum::new(rate(500));
    for _ in 0..5 {
        assert!(!cusum.push(true));
    }
    let text = serde_json::to_string(&cusum).expect("written");
    let mut back: Cusum = serde_json::from_str(&text).expect("read");
    assert!(back.push(true));
}
