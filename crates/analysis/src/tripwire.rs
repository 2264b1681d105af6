//! Page's cumulative sum (CUSUM) on errors: a change to the worse is seen within a few answers.
//!
//! Each answer adds the log of how much likelier it is at a high share of errors (`p1`) than at the
//! share that is allowed (`p0`); the sum never falls below zero. `p0` is the threshold and `p1`
//! lies half way between it and 1, so a good answer always takes `ln 2` away. At an error share of
//! `p0` the mean number of answers between two false alarms is at least the limit's power of e
//! (Lorden 1971): a million.
//!
//! Steps are whole micro-nats, so that one atomic number can hold the sum; they are rounded away
//! from an alarm.

use serde::{Deserialize, Serialize};
use windlass_model::Rate;

/// The sum at which it fires: `ln 1_000_000` in micro-nats, rounded up.
pub const LIMIT: i64 = 13_815_511;

/// What a good answer takes away: `ln 2` in micro-nats, rounded up.
const GOOD: i64 = 693_148;

/// Micro-nats in one nat.
const PER_NAT: f64 = 1e6;

/// The smallest threshold: at none at all the first error would be infinite evidence.
const LOWEST: f64 = 1e-4;

/// What each answer adds to the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steps {
    error: i64,
}

impl Steps {
    /// For a threshold. One of 100 % can't be passed: then no error adds anything.
    pub fn new(errors_above: Rate) -> Self {
        let allowed = errors_above.fraction().max(LOWEST);
        let bad = f64::midpoint(allowed, 1.0);
        Self {
            error: whole((bad / allowed).ln() * PER_NAT),
        }
    }

    /// The sum after one more answer.
    #[must_use]
    pub const fn after(self, sum: i64, error: bool) -> i64 {
        if error {
            return sum.saturating_add(self.error);
        }
        if sum > GOOD { sum - GOOD } else { 0 }
    }
}

/// Rounded down; the largest step is below ten nats.
#[expect(
    clippy::cast_possible_truncation,
    reason = "between 0 and ten million, and the fraction is to go"
)]
fn whole(micro_nats: f64) -> i64 {
    micro_nats as i64
}

/// The sum of one candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cusum {
    steps: Steps,
    sum: i64,
}

impl Cusum {
    /// Nothing seen yet.
    pub fn new(errors_above: Rate) -> Self {
        Self {
            steps: Steps::new(errors_above),
            sum: 0,
        }
    }

    /// Adds one answer; whether the limit is reached.
    pub const fn push(&mut self, error: bool) -> bool {
        self.sum = self.steps.after(self.sum, error);
        self.sum >= LIMIT
    }
}
