//! What one interval says about a condition.

use serde::{Deserialize, Serialize};
use windlass_model::Rate;

use crate::numbers::real;
use crate::numbers::real::ceiling;
use crate::ratio::Arm;

/// What one interval says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// The condition is met.
    Breach,
    /// It is not.
    Good,
    /// Too little was seen to say.
    Nothing,
}

impl Reading {
    const fn of(breach: bool) -> Self {
        if breach { Self::Breach } else { Self::Good }
    }
}

/// `error rate > R`: exactly `R` is not above it. Nothing is said below the fewest requests.
pub fn rate_above(arm: Arm, above: Rate, fewest: u64) -> Reading {
    if arm.requests < fewest.max(1) {
        return Reading::Nothing;
    }
    let (bad, all) = (u128::from(arm.bad), u128::from(arm.requests));
    Reading::of(bad * u128::from(Rate::FULL.parts()) > all * u128::from(above.parts()))
}

/// `p95 > T` for any percentile: with `bad` the answers slower than `T`, the percentile (by nearest
/// rank) is above `T` exactly if `bad > n - ceil(p n)`. One counter, no sketch, no error of
/// interpolation. `p` is a share: 0.95.
pub fn percentile_above(arm: Arm, p: f64, fewest: u64) -> Reading {
    if arm.requests < fewest.max(1) {
        return Reading::Nothing;
    }
    // A product such as 0.95 * 20 comes out a hair above the whole number it is.
    let rank = ceiling(p * real(arm.requests) - 1e-9);
    Reading::of(arm.bad > arm.requests.saturating_sub(rank))
}

/// `memory > 95%` and whatever else is a figure against a limit; none is no reading.
pub fn figure_above(figure: Option<f64>, limit: f64) -> Reading {
    match figure {
        Some(figure) if figure.is_finite() => Reading::of(figure > limit),
        Some(_) | None => Reading::Nothing,
    }
}

/// `probe NAME failing`: none is a probe that was not tried.
pub const fn failing(succeeded: Option<bool>) -> Reading {
    match succeeded {
        Some(succeeded) => Reading::of(!succeeded),
        None => Reading::Nothing,
    }
}
