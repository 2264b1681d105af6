//! How soon a slower candidate is seen: answer times lognormal, half of the traffic each.

use windlass_analysis::latency::{Latency, Over, Slow, Thresholds};

use crate::aa::upper;
use crate::random::Random;
use crate::row::{Goal, Row, quantile};

const ALPHA: f64 = 0.01;

/// Answers of each between two looks.
const BATCH: u64 = 10;

/// Median 100 ms, the logs with this deviation: p95 at 268 ms.
const DEVIATION: f64 = 0.6;

/// What is slower, by what factor, and the table's median (ANALYSIS 2c).
type Change = (Which, f64, &'static str, f64);

#[derive(Clone, Copy)]
enum Which {
    All,
    /// The slowest tenth only.
    Tail,
}

const CHANGES: [Change; 6] = [
    (Which::All, 1.1, "all_x1.1", 5_730.0),
    (Which::All, 1.5, "all_x1.5", 280.0),
    (Which::All, 2.0, "all_x2", 100.0),
    (Which::Tail, 1.1, "tail_x1.1", 10_380.0),
    (Which::Tail, 1.5, "tail_x1.5", 840.0),
    (Which::Tail, 2.0, "tail_x2", 300.0),
];

/// Looks are 20 requests apart, so that medians of 100 come in steps of a fifth.
const TIMES_TABLE: f64 = 1.21;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "some hundred milliseconds in microseconds"
)]
fn micros(normal: f64) -> u64 {
    (100_000.0 * (DEVIATION * normal).exp()) as u64
}

/// One answer of the candidate.
fn slower(answer_us: u64, which: Which, factor: f64, tail_us: u64) -> u64 {
    let affected = match which {
        Which::All => true,
        Which::Tail => answer_us > tail_us,
    };
    if affected {
        scaled(answer_us, factor)
    } else {
        answer_us
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "some hundred milliseconds in microseconds"
)]
fn scaled(answer_us: u64, factor: f64) -> u64 {
    (answer_us as f64 * factor) as u64
}

/// The true percentiles.
fn thresholds() -> Thresholds {
    let steps = 100_000_u32;
    let mut random = Random::new(15);
    let mut answers: Vec<u64> = (0..steps).map(|_| micros(random.normal())).collect();
    answers.sort_unstable();
    match Thresholds::frozen(&answers, &[], 0) {
        Ok(thresholds) => thresholds,
        Err(few) => unreachable!("{few}"),
    }
}

/// Requests of both until it is seen; none within `most`.
fn run(
    random: &mut Random,
    thresholds: &Thresholds,
    (which, factor): (Which, f64),
    most: u64,
) -> Option<u64> {
    let mut latency = Latency::with_one_start(thresholds.clone());
    let tail_us = thresholds.all()[2].stable_us;
    let mut requests = 0;
    while requests < most {
        let mut over = vec![Over::default(); thresholds.all().len()];
        for _ in 0..BATCH {
            let stable = micros(random.normal());
            let candidate = slower(micros(random.normal()), which, factor, tail_us);
            for (over, threshold) in over.iter_mut().zip(thresholds.all()) {
                over.stable += u64::from(stable > threshold.stable_us);
                over.candidate += u64::from(candidate > threshold.candidate_us);
            }
        }
        latency.push(&Slow {
            stable: BATCH,
            candidate: BATCH,
            over,
        });
        requests += 2 * BATCH;
        if latency.shown_at(ALPHA) {
            return Some(requests);
        }
    }
    None
}

pub(crate) fn rows(fewer: usize) -> Vec<Row> {
    let thresholds = thresholds();
    let mut rows = Vec::new();
    for (which, factor, name, table) in CHANGES {
        let mut random = Random::new(16);
        let mut seen: Vec<f64> = (0..1_000 / fewer)
            .filter_map(|_| run(&mut random, &thresholds, (which, factor), 1_000_000))
            .map(|requests| f64::from(u32::try_from(requests).unwrap_or(u32::MAX)))
            .collect();
        rows.push(
            Row::new(
                format!("latency_{name}_median"),
                quantile(&mut seen, 0.5),
                "requests",
            )
            .beside("table", table)
            .goal(Goal::TimesAnchor(TIMES_TABLE)),
        );
        rows.push(Row::new(
            format!("latency_{name}_p90"),
            quantile(&mut seen, 0.9),
            "requests",
        ));
    }
    let mut random = Random::new(17);
    let runs = 2_000 / fewer;
    let alike = (Which::All, 1.0);
    let alarms = (0..runs)
        .filter(|_| run(&mut random, &thresholds, alike, 20_000).is_some())
        .count();
    rows.push(
        Row::new("latency_aa_upper_limit", upper(alarms, runs), "of runs")
            .beside("alpha", ALPHA)
            .goal(Goal::AtMost(0.011_5)),
    );
    rows
}
