//! Are requests dealt out as they should be? If not, no comparison of the two releases means
//! anything, and every other verdict is void.

use serde::{Deserialize, Serialize};

use super::closed;
use crate::numbers::bits;

/// How firmly the split is believed in: the concentration of the prior (ANALYSIS 1a.2).
pub const BELIEF: f64 = 1_000.0;

/// The chance of a false alarm in the life of a deployment.
pub const ALPHA: f64 = 1e-4;

/// Requests per release against the weights they were dealt out by.
///
/// Weights may change: what was seen under the earlier ones is kept as evidence, and the next part
/// begins at 1 again, so the product stays an e-value. Requests must be dealt out independently; where
/// one client sticks to a release, count clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitCheck {
    weights: Vec<u32>,
    counts: Vec<u64>,
    #[serde(with = "bits")]
    before: f64,
    #[serde(with = "bits")]
    peak: f64,
}

impl SplitCheck {
    /// Nothing seen yet; one weight per release, in any unit.
    pub fn new(weights: Vec<u32>) -> Self {
        Self {
            counts: vec![0; weights.len()],
            weights,
            before: 0.0,
            peak: 0.0,
        }
    }

    /// From here on requests are dealt out by these weights. The same ones change nothing.
    pub fn change(&mut self, weights: Vec<u32>) {
        if weights == self.weights {
            return;
        }
        self.before = self.log_e();
        self.counts = vec![0; weights.len()];
        self.weights = weights;
    }

    /// Adds requests of each release; what goes beyond the weights is not counted.
    pub fn push(&mut self, requests: &[u64]) {
        for (count, more) in self.counts.iter_mut().zip(requests) {
            *count = count.saturating_add(*more);
        }
        self.peak = self.peak.max(self.log_e());
    }

    /// Requests of each release under the present weights.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The log of the e-value now.
    pub fn log_e(&self) -> f64 {
        let all: f64 = self.weights.iter().copied().map(f64::from).sum();
        let shares: Vec<f64> = self
            .weights
            .iter()
            .map(|weight| f64::from(*weight) / all)
            .collect();
        self.before + closed::log_e(&self.counts, &shares, BELIEF)
    }

    /// Whether it was ever shown, at [`ALPHA`], that requests are dealt out otherwise.
    pub fn broken(&self) -> bool {
        self.peak >= -ALPHA.ln()
    }
}
