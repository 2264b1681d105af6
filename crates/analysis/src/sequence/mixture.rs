//! What mixtures of exponential supermartingales have in common.

use crate::numbers::root;

/// One side or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// Only a sum that is too large is of interest.
    One,
    /// A sum that is too small is, too.
    Both,
}

/// Doublings in search of a sum that passes the level.
const DOUBLINGS: usize = 50;

/// A process that is a supermartingale as long as the null holds, as a function of the sum `s` of the
/// deviations and of the variance `v` that has passed.
pub trait Mixture {
    /// Its log.
    fn log(&self, s: f64, v: f64) -> f64;

    /// The largest sum that there can be.
    fn largest(&self, _v: f64) -> f64 {
        f64::INFINITY
    }

    /// The sum that is passed, ever, with a chance of at most `alpha`.
    fn bound(&self, v: f64, alpha: f64) -> f64 {
        let over = |s: f64| self.log(s, v) + alpha.ln();
        let largest = self.largest(v);
        let mut high = if largest.is_finite() { largest } else { v };
        if largest.is_infinite() {
            for _ in 0..DOUBLINGS {
                if over(high) > 0.0 {
                    break;
                }
                high *= 2.0;
            }
        }
        if over(high) < 0.0 {
            return high;
        }
        root::halving(0.0, high, over)
    }
}

/// The variance at which a mixture is tightest for `alpha`, turned into its parameter.
pub(crate) fn tuned(v: f64, alpha: f64, sides: Sides) -> f64 {
    let alpha = match sides {
        Sides::One => 2.0 * alpha,
        Sides::Both => alpha,
    };
    let nats = -2.0 * alpha.ln();
    v / (nats + nats.ln_1p())
}
