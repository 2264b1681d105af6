//! A band around a whole distribution, at every moment: the law of the iterated logarithm with
//! figures (Howard and Ramdas 2022, theorem 2).

use crate::numbers::{minimum, root};

/// The factor of the band; it must be above `1/√2`.
pub const A: f64 = 0.85;

/// The constants between which `C` is looked for.
const C_ENDS: (f64, f64) = (1.0, 1_000.0);

/// A band of one level, with what is dear to compute done once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    c: f64,
    least: f64,
}

impl Band {
    /// A band that holds from `least` values on with a chance of `1 - alpha`.
    pub fn new(alpha: f64, least: f64) -> Self {
        let (low, high) = C_ENDS;
        Self {
            c: root::halving(low, high, |c| alpha - chance(c)),
            least,
        }
    }

    /// How far the distribution of `t` values can lie from the true one; infinite below the least.
    pub fn after(&self, t: f64) -> f64 {
        if t < self.least {
            return f64::INFINITY;
        }
        A * (((t / self.least).ln().ln_1p() + self.c) / t).sqrt()
    }

    /// The constant `C`.
    pub const fn constant(&self) -> f64 {
        self.c
    }
}

/// The chance of ever leaving the band with this constant, at the best factor between epochs.
fn chance(c: f64) -> f64 {
    let reach = |eta: f64| (eta / 2.0).sqrt() + (2.0 * (eta - 1.0) / c).sqrt() - A;
    let widest = root::halving(1.0, 2.0 * A * A, reach);
    let error = |eta: f64| {
        let gamma = 2.0 / eta * (A - (2.0 * (eta - 1.0) / c).sqrt()).powi(2);
        if gamma <= 1.0 || eta <= 1.0 {
            return f64::INFINITY;
        }
        4.0 * (-gamma * c).exp() * (1.0 + 1.0 / ((gamma - 1.0) * eta.ln()))
    };
    error(minimum::lowest(1.0, widest, error))
}
