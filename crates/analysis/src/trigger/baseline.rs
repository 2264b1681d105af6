//! `p95 > 2x baseline`: against the stable release, or against what was usual.

use serde::{Deserialize, Serialize};

use super::reading::Reading;

/// Where the figure of comparison is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The stable release, in the same interval.
    Beside,
    /// The median of the same hour of the week. A comparison with the past, to be told as one.
    Past,
}

/// A percentile and from how many requests it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// In milliseconds, or any unit that both share.
    pub value: f64,
    /// Requests.
    pub requests: u64,
}

/// Whether the candidate's figure is more than `times` the baseline's. Nothing is said where either
/// has fewer than the fewest requests, or the baseline is nothing.
pub fn above_baseline(candidate: Figure, baseline: Figure, times: f64, fewest: u64) -> Reading {
    let enough = candidate.requests.min(baseline.requests) >= fewest.max(1);
    if !enough || baseline.value <= 0.0 || !candidate.value.is_finite() {
        return Reading::Nothing;
    }
    if candidate.value > times * baseline.value {
        Reading::Breach
    } else {
        Reading::Good
    }
}
