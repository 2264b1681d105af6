//! How soon a candidate that is a little worse is known to be: by its errors, and by its response times.

use crate::bench::registry::Product;
use crate::bench::row::{Goal, Measure};
use crate::bench::timing::count;
use crate::e2e::{Bed, Candidate};

/// Requests in a second; a fifth of them come to the candidate.
const PER_SECOND: u32 = 1_000;

/// Each with the names of its rows. Nothing is asked of them: what the tests need is asked of their
/// simulation, in `bench analysis`; this is what comes on top of it on a machine.
const ROWS: [(Candidate, &str, &str); 5] = [
    (Candidate::Errors1, "errors_1_detected", "errors_1_requests"),
    (Candidate::Errors5, "errors_5_detected", "errors_5_requests"),
    (
        Candidate::Errors50,
        "errors_50_detected",
        "errors_50_requests",
    ),
    (Candidate::Slow15, "slow_1_5_detected", "slow_1_5_requests"),
    (Candidate::Slow30, "slow_3_detected", "slow_3_requests"),
];

/// Plays each once, one after the other, in one installation.
pub(super) fn judged(product: &Product) -> anyhow::Result<Vec<Measure>> {
    let mut bed = Bed::make(product, PER_SECOND)?;
    let mut rows = Vec::new();
    for (candidate, detected, requests) in ROWS {
        let played = bed.bad(candidate)?;
        anyhow::ensure!(
            played.outcome == "rolled_back",
            "{} was {}",
            candidate.name(),
            played.outcome
        );
        let row = |name, value: u64, unit| Measure {
            name,
            value: count(value),
            unit,
            anchor: None,
            goal: Goal::Told,
        };
        rows.push(row(detected, played.detected_ms, "ms"));
        rows.push(row(requests, played.requests, ""));
    }
    bed.end()?;
    Ok(rows)
}
