//! The rate of one release by itself.

use super::beta_binomial::BetaBinomial;
use super::mixture::{Mixture as _, Sides};
use crate::numbers::{real, root};
use crate::ratio::Arm;

/// Where an interval is tightest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// After so many requests,
    pub requests: f64,
    /// for this chance of being wrong.
    pub alpha: f64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            requests: 1_000.0,
            alpha: 0.05,
        }
    }
}

/// The rates that are not refuted, at every look at once with a chance of `1 - alpha` (ANALYSIS
/// 1a.3). Everything from 0 to 1 where there was no request.
pub fn interval(arm: Arm, alpha: f64, tuning: Tuning) -> (f64, f64) {
    let Some(rate) = arm.rate() else {
        return (0.0, 1.0);
    };
    let n = real(arm.requests);
    let refuted = |p: f64| {
        // At the rate itself nothing is refuted, and at the ends, which it is not, everything.
        if p <= 0.0 || p >= 1.0 {
            return if p.to_bits() == rate.to_bits() {
                -1.0
            } else {
                1.0
            };
        }
        let v = p * (1.0 - p);
        let bounds = (p, 1.0 - p);
        let mixture =
            BetaBinomial::tightest_at(v * tuning.requests, tuning.alpha, bounds, Sides::Both);
        mixture.log((rate - p) * n, v * n) + alpha.ln()
    };
    let low = if arm.bad == 0 {
        0.0
    } else {
        root::halving(0.0, rate, refuted)
    };
    let high = if arm.bad >= arm.requests {
        1.0
    } else {
        root::halving(rate, 1.0, refuted)
    };
    (low, high)
}
