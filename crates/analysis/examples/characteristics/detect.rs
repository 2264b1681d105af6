//! How soon a worse candidate is seen, in requests of both.

use windlass_analysis::ratio::comparison::REQUESTS_PER_START;
use windlass_analysis::ratio::sensitivity::Regression;
use windlass_analysis::ratio::{Process, Test};

use crate::aa::bad;
use crate::random::{Random, Stream};
use crate::row::{Goal, Row, quantile};

const ALPHA: f64 = 0.01;

/// Runs: enough that the median is known to 2 %.
const RUNS: usize = 10_000;

/// How near to the table a median and a ninetieth must be.
const NEAR: f64 = 0.1;

/// A change, the share, its name, and the table's median and ninetieth of a hundred (ANALYSIS 2b).
type Change = ((f64, f64), f64, &'static str, (f64, f64));

const CHANGES: [Change; 6] = [
    ((0.001, 0.01), 0.5, "0.1_to_1%_share_50", (2_052.0, 4_255.0)),
    (
        (0.001, 0.01),
        0.1,
        "0.1_to_1%_share_10",
        (4_504.0, 10_888.0),
    ),
    ((0.01, 0.02), 0.5, "1_to_2%_share_50", (6_268.0, 13_355.0)),
    ((0.01, 0.02), 0.1, "1_to_2%_share_10", (17_381.0, 36_544.0)),
    ((0.01, 0.05), 0.5, "1_to_5%_share_50", (609.0, 1_344.0)),
    ((0.01, 0.05), 0.1, "1_to_5%_share_10", (1_480.0, 3_353.0)),
];

/// Requests until it is seen.
fn until_seen(stream: &mut Stream, mut process: Process) -> f64 {
    let (share, mut at) = (stream.share, 0.0);
    while !process.shown_at(ALPHA) {
        let (requests, of_candidate) = stream.next();
        at += count(requests);
        process.push_at(share, bad(of_candidate, 1));
    }
    at
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn count(count: u64) -> f64 {
    count as f64
}

pub(crate) fn rows(fewer: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for ((stable, candidate), share, name, (median, ninetieth)) in CHANGES {
        let mut stream = Stream {
            random: Random::new(11),
            stable,
            candidate,
            share,
        };
        let mut seen: Vec<f64> = (0..RUNS / fewer)
            .map(|_| until_seen(&mut stream, Process::new(Test::harm(1.0))))
            .collect();
        let mean = seen.iter().sum::<f64>() / count(seen.len().try_into().unwrap_or(u64::MAX));
        let regression = Regression {
            times: candidate / stable,
            least: 0.0,
        };
        let bound = -ALPHA.ln() / regression.information(stable, share, 1.0);
        let row = |what: &str, value| Row::new(format!("detect_{name}_{what}"), value, "requests");
        let found = quantile(&mut seen, 0.5);
        rows.push(
            row("median", found)
                .beside("table", median)
                .goal(Goal::NearAnchor(NEAR)),
        );
        let late = quantile(&mut seen, 0.9);
        rows.push(
            row("p90", late)
                .beside("table", ninetieth)
                .goal(Goal::NearAnchor(NEAR)),
        );
        rows.push(row("mean", mean).beside("ln(1/alpha)/D", bound));
        let wald = -ALPHA.ln() / divergence(candidate, stable);
        rows.push(row("candidate_median", found * share).beside("wald", wald));
    }
    rows.extend(late_rows(fewer));
    rows
}

fn divergence(p: f64, q: f64) -> f64 {
    p * (p / q).ln() + (1.0 - p) * ((1.0 - p) / (1.0 - q)).ln()
}

/// Requests of a candidate that was good for so many, and then is not, until it is seen.
fn until_seen_late(process: &Process, good: u64, random: Random) -> f64 {
    let mut process = process.clone();
    let mut stream = Stream {
        random,
        stable: 0.001,
        candidate: 0.001,
        share: 0.5,
    };
    let mut at = 0;
    // Each bad request stands for the good ones before it, which only move the beginnings on.
    while at < good {
        at += push(&mut process, &mut stream);
    }
    stream.candidate = 0.01;
    let mut late = 0;
    while !process.shown_at(ALPHA) {
        late += push(&mut process, &mut stream);
    }
    count(late)
}

/// With later beginnings, as the product judges: what they cost at once, and what they save later.
fn late_rows(fewer: usize) -> Vec<Row> {
    let median = |process: &Process, good: u64| {
        let mut late: Vec<f64> = (1_000_u64..)
            .take(1_000 / fewer)
            .map(|seed| until_seen_late(process, good, Random::new(seed)))
            .collect();
        quantile(&mut late, 0.5)
    };
    let single = Process::new(Test::harm(1.0));
    let starts = Process::with_later_starts(Test::harm(1.0), REQUESTS_PER_START);
    vec![
        Row::new("late_after_0_median", median(&starts, 0), "requests")
            .beside("table", 2_600.0)
            .goal(Goal::NearAnchor(NEAR)),
        Row::new(
            "late_after_200000_median",
            median(&starts, 200_000),
            "requests",
        )
        .beside("one start", median(&single, 200_000))
        .goal(Goal::TimesAnchor(0.6)),
    ]
}

fn push(process: &mut Process, stream: &mut Stream) -> u64 {
    let (requests, of_candidate) = stream.next();
    let mut tick = bad(of_candidate, 1);
    if of_candidate {
        tick.candidate.requests = requests;
    } else {
        tick.stable.requests = requests;
    }
    process.push_at(stream.share, tick);
    requests
}
