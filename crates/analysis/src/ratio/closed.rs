//! The closed form for a split that never changes (Lindon and Malek, NeurIPS 2022): counts per arm
//! against what they should be, two-sided.
//!
//! Windlass uses it to check its own test and for [`super::split`]. On a large worsening it is three
//! to four times slower than [`super::Process`], because its prior sits at "no change".

use crate::numbers::special::ln_beta;
use crate::numbers::{real, root, special};

/// The log of the e-value of these counts against shares that add up to one: the Bayes factor of a
/// Dirichlet prior of concentration `k` at the shares.
///
/// `ln B(a+s) - ln B(a) - Σ s_i ln θ_i`, `a = k θ`. A count where the share is zero is infinite
/// evidence; an arm with neither says nothing.
pub fn log_e(counts: &[u64], shares: &[f64], k: f64) -> f64 {
    let (mut prior, mut after, mut expected) = (0.0, 0.0, 0.0);
    let (mut prior_sum, mut after_sum) = (0.0, 0.0);
    for (&count, &share) in counts.iter().zip(shares) {
        if share <= 0.0 {
            if count > 0 {
                return f64::INFINITY;
            }
            continue;
        }
        let (count, a) = (real(count), k * share);
        prior += special::ln_gamma(a);
        after += special::ln_gamma(a + count);
        prior_sum += a;
        after_sum += a + count;
        expected += count * share.ln();
    }
    after - special::ln_gamma(after_sum) - (prior - special::ln_gamma(prior_sum)) - expected
}

/// Bad events of both at a split that never changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Events {
    /// Of the stable release.
    pub stable: u64,
    /// Of the candidate.
    pub candidate: u64,
    /// The candidate's share of the requests.
    pub share: f64,
}

/// How far from the best value the interval is looked for, in nats of the ratio.
const WIDEST: f64 = 60.0;

/// The interval of `ln(p1/p0)` that holds at every look with a chance of `1 - alpha`. Open to the
/// side from which no bad event came.
pub fn interval(events: Events, k: f64, alpha: f64) -> (f64, f64) {
    let (stable, candidate) = (real(events.stable), real(events.candidate));
    let (a0, a1) = (k * (1.0 - events.share), k * events.share);
    let level = ln_beta(a0 + stable, a1 + candidate) - ln_beta(a0, a1) + alpha.ln();
    let odds = (events.share / (1.0 - events.share)).ln();
    // ln θ and ln(1-θ) at a log ratio of delta; the smaller of the two would cancel otherwise.
    let above = |delta: f64| {
        let logit = odds + delta;
        let (of_candidate, of_stable) = (-softplus(-logit), -softplus(logit));
        level - candidate * of_candidate - stable * of_stable
    };
    let best = match (events.stable, events.candidate) {
        (0, 0) => return (f64::NEG_INFINITY, f64::INFINITY),
        (0, _) => WIDEST - odds,
        (_, 0) => -WIDEST - odds,
        (_, _) => (candidate / stable).ln() - odds,
    };
    let low = match events.candidate {
        0 => f64::NEG_INFINITY,
        _ => root::halving(best - WIDEST * 2.0, best, above),
    };
    let high = match events.stable {
        0 => f64::INFINITY,
        _ => root::halving(best, best + WIDEST * 2.0, above),
    };
    (low, high)
}

/// `ln(1 + e^x)`.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}
