//! Sub-Gaussian sums.

use super::mixture::{Mixture, Sides, tuned};
use crate::numbers::special::normal_below;

/// A normal mixture (Howard et al. 2021, propositions 5 and 6).
#[derive(Clone, Copy, Debug)]
pub struct Normal {
    rho: f64,
    sides: Sides,
}

impl Normal {
    /// Tightest at a variance of `v` for `alpha`.
    pub fn tightest_at(v: f64, alpha: f64, sides: Sides) -> Self {
        Self {
            rho: tuned(v, alpha, sides),
            sides,
        }
    }
}

impl Mixture for Normal {
    fn log(&self, s: f64, v: f64) -> f64 {
        let all = v + self.rho;
        let both = 0.5 * (self.rho / all).ln() + s * s / (2.0 * all);
        match self.sides {
            Sides::One => both + 2_f64.ln() + normal_below(s / all.sqrt()).ln(),
            Sides::Both => both,
        }
    }
}
