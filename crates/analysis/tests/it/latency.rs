//! Slower or not, by counts over frozen thresholds.

use windlass_analysis::latency::band::{Distribution, slower};
use windlass_analysis::latency::{Latency, Over, Slow, Thresholds, TooFew};
use windlass_analysis::sequence::lil::Band;

fn thresholds(tolerated: u32) -> Thresholds {
    let answers: Vec<u64> = (1..=2_000).map(|n| n * 100).collect();
    Thresholds::frozen(&answers, &[250_000], tolerated).expect("enough answers")
}

#[test]
fn thresholds_are_percentiles_and_promises_and_the_candidate_is_given_time() {
    let edges: Vec<(u64, u64)> = thresholds(10)
        .all()
        .iter()
        .map(|threshold| (threshold.stable_us, threshold.candidate_us))
        .collect();
    assert_eq!(
        edges,
        [
            (100_000, 110_000),
            (150_000, 165_000),
            (180_000, 198_000),
            (190_000, 209_000),
            (198_000, 217_800),
            (250_000, 275_000),
        ]
    );
    let few: Vec<u64> = (0..999).collect();
    assert_eq!(Thresholds::frozen(&few, &[], 0), Err(TooFew(999)));
}

fn slow(over: [(u64, u64); 6]) -> Slow {
    let over = over.map(|(stable, candidate)| Over { stable, candidate });
    Slow {
        stable: 1_000,
        candidate: 1_000,
        over: over.to_vec(),
    }
}

#[test]
fn a_slower_tail_is_seen_and_told_where() {
    let mut latency = Latency::new(thresholds(0));
    for _ in 0..3 {
        latency.push(&slow([
            (500, 500),
            (250, 250),
            (100, 101),
            (50, 110),
            (10, 60),
            (0, 20),
        ]));
    }
    assert!(latency.shown_at(0.001));
    let (threshold, log_e) = latency.worst().expect("six thresholds");
    assert!(threshold.stable_us >= 198_000, "{threshold:?}");
    assert!(log_e > latency.log_e());
}

#[test]
fn alike_or_faster_is_not_slower() {
    let mut latency = Latency::new(thresholds(0));
    for _ in 0..100 {
        latency.push(&slow([
            (500, 480),
            (250, 240),
            (100, 99),
            (50, 50),
            (10, 10),
            (0, 0),
        ]));
        latency.push(&Slow::default());
    }
    assert!(!latency.shown_at(0.05));
}

#[test]
fn bands_see_a_shift_of_the_whole_and_know_nothing_of_nothing() {
    let distribution = |answers: u64, within: [u64; 3]| Distribution {
        answers,
        within: within.to_vec(),
    };
    let half = Band::new(0.005, 50.0);
    let stable = distribution(2_000, [1_000, 1_500, 1_900]);
    let shifted = distribution(2_000, [600, 1_200, 1_800]);
    assert!(slower(&stable, &shifted, half));
    assert!(!slower(&shifted, &stable, half));
    assert!(!slower(&stable, &distribution(10, [0, 0, 0]), half));
    for place in stable.band(half) {
        assert!(place.low <= place.share && place.share <= place.high);
    }
}
