//! False alarms: two releases that are alike, looked at after every request.

use statrs::function::beta::beta_reg;
use windlass_analysis::ratio::bursts::Bursts;
use windlass_analysis::ratio::{Arm, Process, Test, Tick};

use crate::random::{Random, Stream};
use crate::row::{Goal, Row, figure};

/// Requests of one run.
const REQUESTS: u64 = 100_000;

/// Runs.
const RUNS: usize = 20_000;

/// The chance of a false alarm that is promised.
const ALPHA: f64 = 0.01;

/// What its exact upper limit may be (ANALYSIS 2a).
const LIMIT: f64 = 0.011_5;

/// A tick of one bad request.
pub(crate) fn bad(of_candidate: bool, count: u64) -> Tick {
    let arm = Arm {
        requests: count,
        bad: count,
    };
    if of_candidate {
        Tick {
            candidate: arm,
            ..Tick::default()
        }
    } else {
        Tick {
            stable: arm,
            ..Tick::default()
        }
    }
}

/// The upper end of the exact 95 % interval of a chance (Clopper and Pearson).
pub(crate) fn upper(hits: usize, runs: usize) -> f64 {
    let (k, n) = (figure(hits), figure(runs));
    if hits >= runs {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        // The chance of at most k hits.
        if beta_reg(n - k, k + 1.0, 1.0 - middle) > 0.025 {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

fn alarms(rate: f64, share: f64, runs: usize) -> usize {
    let mut stream = Stream {
        random: Random::new(12),
        stable: rate,
        candidate: rate,
        share,
    };
    let mut run = || {
        let mut process = Process::new(Test::harm(1.0));
        let mut at = 0;
        loop {
            let (requests, of_candidate) = stream.next();
            at += requests;
            if at > REQUESTS {
                return false;
            }
            process.push_at(share, bad(of_candidate, 1));
            if process.shown_at(ALPHA) {
                return true;
            }
        }
    };
    (0..runs).filter(|_| run()).count()
}

/// Alike, in bursts of three on average; corrected or not.
fn alarms_in_bursts(corrected: bool, runs: usize) -> usize {
    const MEAN: f64 = 3.0;
    const INCIDENTS: usize = 333;
    let mut random = Random::new(14);
    let mut past = Bursts::default();
    for _ in 0..10_000 {
        past.push(random.tries(1.0 / MEAN));
    }
    let phi = if corrected { past.divisor() } else { 1.0 };
    let mut run = || {
        let mut process = Process::new(Test::harm(1.0)).in_bursts_of(phi);
        for _ in 0..INCIDENTS {
            let of_candidate = random.unit() < 0.5;
            process.push_at(0.5, bad(of_candidate, random.tries(1.0 / MEAN)));
        }
        process.shown_at(ALPHA)
    };
    (0..runs).filter(|_| run()).count()
}

pub(crate) fn rows(fewer: usize) -> Vec<Row> {
    let runs = RUNS / fewer;
    let mut rows = Vec::new();
    for (rate, share, name) in [
        (0.001, 0.5, "aa_0.1%_share_50"),
        (0.001, 0.1, "aa_0.1%_share_10"),
        (0.01, 0.5, "aa_1%_share_50"),
        (0.01, 0.1, "aa_1%_share_10"),
    ] {
        let alarms = alarms(rate, share, runs);
        let measured = figure(alarms) / figure(runs);
        rows.push(
            Row::new(format!("{name}_false_alarms"), measured, "of runs").beside("alpha", ALPHA),
        );
        rows.push(
            Row::new(
                format!("{name}_upper_limit"),
                upper(alarms, runs),
                "of runs",
            )
            .beside("alpha", ALPHA)
            .goal(Goal::AtMost(LIMIT)),
        );
    }
    let runs = 2_000 / fewer.min(10);
    let share = |corrected| figure(alarms_in_bursts(corrected, runs)) / figure(runs);
    rows.push(Row::new(
        "bursts_of_3_uncorrected_false_alarms",
        share(false),
        "of runs",
    ));
    rows.push(
        Row::new("bursts_of_3_corrected_false_alarms", share(true), "of runs")
            .beside("alpha", ALPHA)
            .goal(Goal::AtMost(ALPHA)),
    );
    rows
}
