//! Sums of what lies between two bounds: bad or not bad.

use super::mixture::{Mixture, Sides, tuned};
use crate::numbers::special::{ln_beta, ln_beta_below};

/// A beta mixture for deviations between `-g` and `h` (Howard et al. 2021, propositions 7 and 8).
#[derive(Clone, Copy, Debug)]
pub struct BetaBinomial {
    r: f64,
    g: f64,
    h: f64,
    sides: Sides,
    begin: f64,
}

/// The parameter is not let below this part of `g h`.
const LEAST: f64 = 1e-3;

impl BetaBinomial {
    /// Tightest at a variance of `v` for `alpha`.
    pub fn tightest_at(v: f64, alpha: f64, (g, h): (f64, f64), sides: Sides) -> Self {
        let r = (tuned(v, alpha, sides) - g * h).max(LEAST * g * h);
        let mut mixture = Self {
            r,
            g,
            h,
            sides,
            begin: 0.0,
        };
        mixture.begin = mixture.beta(r, r);
        mixture
    }

    fn beta(&self, down: f64, up: f64) -> f64 {
        let (g, h) = (self.g, self.h);
        let (a, b) = (down / (g * (g + h)), up / (h * (g + h)));
        match self.sides {
            Sides::One => ln_beta_below(a, b, h / (g + h)),
            Sides::Both => ln_beta(a, b),
        }
    }
}

impl Mixture for BetaBinomial {
    fn log(&self, s: f64, v: f64) -> f64 {
        let (g, h) = (self.g, self.h);
        v / (g * h) * (g + h).ln()
            - (v + h * s) / (h * (g + h)) * g.ln()
            - (v - g * s) / (g * (g + h)) * h.ln()
            + self.beta(self.r + v - g * s, self.r + v + h * s)
            - self.begin
    }

    fn largest(&self, v: f64) -> f64 {
        v / self.g
    }
}
