//! Sums of rare events.

use super::mixture::{Mixture, Sides, tuned};
use crate::numbers::special::{ln_gamma, ln_gamma_above};

/// A gamma mixture for sub-Poisson sums with jumps of `c` (Howard et al. 2021, proposition 10).
#[derive(Clone, Copy, Debug)]
pub struct GammaPoisson {
    rho: f64,
    c: f64,
    begin: f64,
}

impl GammaPoisson {
    /// Tightest at a variance of `v` for `alpha`.
    pub fn tightest_at(v: f64, alpha: f64, c: f64) -> Self {
        let rho = tuned(v, alpha, Sides::One);
        let a = rho / (c * c);
        Self {
            rho,
            c,
            begin: a * a.ln() - ln_gamma(a) - ln_gamma_above(a, a),
        }
    }
}

impl Mixture for GammaPoisson {
    fn log(&self, s: f64, v: f64) -> f64 {
        let squared = self.c * self.c;
        let passed = (v + self.rho) / squared;
        let shape = s / self.c + passed;
        self.begin + ln_gamma(shape) + ln_gamma_above(shape, passed) - shape * passed.ln()
            + v / squared
    }
}
