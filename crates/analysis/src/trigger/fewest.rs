//! How many requests a rule needs before it may say anything.

use windlass_model::Rate;

use crate::binomial;
use crate::numbers::real;
use crate::numbers::real::ceiling;

/// How often a healthy service may fire, per window that does not overlap with another.
pub const CHANCE: f64 = 1e-6;

/// The fewest requests from which on a service whose true rate is `base` passes the threshold by
/// chance at most once in a million windows: exact, by the binomial distribution. None where no
/// number is enough, because the base rate is not below the threshold.
///
/// For `p95 > T` the threshold is 5 % and the base rate the share of answers slower than `T`.
pub fn fewest(above: Rate, base: f64) -> Option<u64> {
    if base >= above.fraction() {
        return None;
    }
    Some(binomial::fewest(above.parts(), base, CHANCE)).filter(|fewest| {
        let hits = fewest * u64::from(above.parts()) / u64::from(Rate::FULL.parts()) + 1;
        binomial::at_least(hits, *fewest, base) <= CHANCE
    })
}

/// The chance that so many requests of a service with this base rate pass the threshold.
pub fn chance(above: Rate, base: f64, requests: u64) -> f64 {
    let hits = requests * u64::from(above.parts()) / u64::from(Rate::FULL.parts()) + 1;
    binomial::at_least(hits, requests, base)
}

/// How long it takes until so many requests have come, in whole seconds.
pub(crate) fn seconds(requests: u64, per_second: f64) -> Option<u64> {
    (per_second > 0.0).then(|| ceiling(real(requests) / per_second))
}
