//! The thresholds that answers are counted against.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Requests of the stable release that thresholds are taken from, at least.
pub const FEWEST: usize = 1_000;

/// The percentiles that are watched: the middle, and more and more of the tail.
pub(crate) const PERCENTILES: [usize; 5] = [50, 75, 90, 95, 99];

/// One threshold, in microseconds. An answer that takes exactly as long is not slower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Threshold {
    /// What the stable release's answers are counted against.
    pub stable_us: u64,
    /// What the candidate's are: later by what is tolerated.
    pub candidate_us: u64,
}

/// Frozen thresholds, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds(Vec<Threshold>);

/// So few answers are no baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFew(pub usize);

impl fmt::Display for TooFew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} answers are too few for a baseline: {FEWEST} are needed",
            self.0
        )
    }
}

impl std::error::Error for TooFew {}

impl Thresholds {
    /// The percentiles (by nearest rank) of sorted answer times, and the promised ones. The candidate
    /// may take longer by `tolerated_percent` of each.
    ///
    /// # Errors
    /// [`TooFew`] answers.
    pub fn frozen(
        sorted_us: &[u64],
        promised_us: &[u64],
        tolerated_percent: u32,
    ) -> Result<Self, TooFew> {
        if sorted_us.len() < FEWEST {
            return Err(TooFew(sorted_us.len()));
        }
        let rank = |p: usize| (sorted_us.len() * p).div_ceil(100).max(1);
        let measured = PERCENTILES
            .iter()
            .filter_map(|p| sorted_us.get(rank(*p) - 1));
        let thresholds: Vec<Threshold> = measured
            .chain(promised_us)
            .map(|&stable_us| Threshold {
                stable_us,
                candidate_us: stable_us
                    .saturating_add(stable_us.saturating_mul(u64::from(tolerated_percent)) / 100),
            })
            .collect();
        Ok(Self::at(thresholds))
    }

    /// These, which were frozen before.
    pub fn at(mut thresholds: Vec<Threshold>) -> Self {
        thresholds.sort_unstable();
        thresholds.dedup();
        Self(thresholds)
    }

    /// All of them.
    pub fn all(&self) -> &[Threshold] {
        &self.0
    }
}
