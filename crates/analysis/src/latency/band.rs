//! Bands around both distributions of answer times: what a plot shows, and a second opinion.
//!
//! Howard and Ramdas (2022, theorem 2). Simultaneous in all thresholds and at all times, and therefore
//! much slower to speak than the counts: for a shift of the whole by half, three times as many
//! requests; for the slowest tenth alone, mostly never.

use serde::{Deserialize, Serialize};

use crate::numbers::real;
use crate::sequence::lil::Band;

/// A distribution at the edges of its histogram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// All answers.
    pub answers: u64,
    /// Those that took no longer than each edge.
    pub within: Vec<u64>,
}

/// The share of answers within one edge, and between which shares the truth lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// At least.
    pub low: f64,
    /// Measured.
    pub share: f64,
    /// At most.
    pub high: f64,
}

impl Distribution {
    fn shares(&self) -> impl Iterator<Item = f64> {
        let all = real(self.answers);
        self.within.iter().map(move |within| real(*within) / all)
    }

    /// The band at each edge; nothing is known of no answers.
    pub fn band(&self, band: Band) -> Vec<Place> {
        let width = band.after(real(self.answers));
        let place = |share: f64| Place {
            low: (share - width).max(0.0),
            share,
            high: (share + width).min(1.0),
        };
        self.shares().map(place).collect()
    }
}

/// Whether the candidate is slower at some edge, for certain enough: each band at half the level.
/// `stable` within its edges and `candidate` within the same, or later ones if that is tolerated.
pub fn slower(stable: &Distribution, candidate: &Distribution, half: Band) -> bool {
    let apart = half.after(real(stable.answers)) + half.after(real(candidate.answers));
    stable
        .shares()
        .zip(candidate.shares())
        .any(|(stable, candidate)| stable - candidate > apart)
}
