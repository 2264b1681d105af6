//! What both releases answered in one interval.

use serde::{Deserialize, Serialize};

use crate::numbers::real;

/// What one release answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// Requests that began in the interval.
    pub requests: u64,
    /// Those among them that were bad.
    pub bad: u64,
}

impl Arm {
    /// The share of bad requests; none of no requests.
    pub fn rate(self) -> Option<f64> {
        (self.requests > 0).then(|| real(self.bad) / real(self.requests))
    }

    /// Without those of `part`, which it contains.
    #[must_use]
    pub fn less(self, part: Self) -> Self {
        let requests = self.requests.saturating_sub(part.requests);
        Self {
            requests,
            bad: self.bad.saturating_sub(part.bad).min(requests),
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            bad: self.bad.saturating_add(other.bad),
        }
    }
}

/// One interval of both releases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// The release that served before.
    pub stable: Arm,
    /// The release that is judged.
    pub candidate: Arm,
}

impl Tick {
    /// A tick of `[requests, bad, requests, bad]`, first those of the stable release. None where more
    /// were bad than there were.
    pub fn of(counts: [u64; 4]) -> Option<Self> {
        let [stable, stable_bad, candidate, candidate_bad] = counts;
        let arm = |requests, bad| (bad <= requests).then_some(Arm { requests, bad });
        Some(Self {
            stable: arm(stable, stable_bad)?,
            candidate: arm(candidate, candidate_bad)?,
        })
    }

    /// The candidate's share of the requests; none where either had none, for such a tick compares
    /// nothing.
    pub fn share(self) -> Option<f64> {
        (self.stable.requests > 0 && self.candidate.requests > 0)
            .then(|| real(self.candidate.requests) / real(self.requests()))
    }

    /// Requests of both.
    pub fn requests(self) -> u64 {
        self.stable.requests.saturating_add(self.candidate.requests)
    }

    /// Both ticks as one.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            stable: self.stable.plus(other.stable),
            candidate: self.candidate.plus(other.candidate),
        }
    }
}
