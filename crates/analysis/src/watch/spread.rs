//! How much slow answers come together.

use serde::{Deserialize, Serialize};
use windlass_model::LATENCY_EDGES_US;

use crate::latency::Threshold;
use crate::numbers::real;

/// A process that stands still for a moment makes all late that wait for it. A quiet past may have shown
/// none of that, so slow answers are never taken for single events.
const LEAST: f64 = 4.0;

/// More than this is no burst but another service at each hour.
const MOST: f64 = 40.0;

/// Answers beyond each edge per interval: their sum and that of their squares.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Spread {
    intervals: u64,
    sums: Vec<u64>,
    squares: Vec<u64>,
}

impl Spread {
    /// Adds an interval: answers beyond each edge.
    pub(super) fn push(&mut self, beyond: &[u64]) {
        if beyond.is_empty() {
            return;
        }
        self.intervals = self.intervals.saturating_add(1);
        self.sums.resize(beyond.len(), 0);
        self.squares.resize(beyond.len(), 0);
        for (place, slow) in beyond.iter().enumerate() {
            if let (Some(sum), Some(square)) =
                (self.sums.get_mut(place), self.squares.get_mut(place))
            {
                *sum = sum.saturating_add(*slow);
                *square = square.saturating_add(slow.saturating_mul(*slow));
            }
        }
    }

    /// How many times as widely counts at these thresholds spread as they would one by one: their variance
    /// over their mean, at the worst of them.
    pub(super) fn bursts(&self, thresholds: &[Threshold]) -> f64 {
        let at = |threshold: &Threshold| {
            let place = LATENCY_EDGES_US
                .iter()
                .position(|edge| *edge == threshold.stable_us)?;
            let (sum, squares) = (self.sums.get(place)?, self.squares.get(place)?);
            let all = real(self.intervals);
            let mean = real(*sum) / all;
            (mean > 0.0).then(|| (real(*squares) / all - mean * mean) / mean)
        };
        let each = thresholds.iter().filter_map(at);
        each.fold(LEAST, f64::max).min(MOST)
    }
}
