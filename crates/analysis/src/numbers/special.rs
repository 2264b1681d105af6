//! Functions of the tables, in logarithms where they would leave the range of a figure.

use statrs::function::{beta, erf, gamma};

/// `ln Γ(a)`.
pub(crate) fn ln_gamma(a: f64) -> f64 {
    gamma::ln_gamma(a)
}

/// `ln B(a, b)`.
pub(crate) fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// `ln` of the beta function up to `x`; minus infinity where it is not defined.
pub(crate) fn ln_beta_below(a: f64, b: f64, x: f64) -> f64 {
    beta::checked_beta_reg(a, b, x).map_or(f64::NEG_INFINITY, |part| part.ln() + ln_beta(a, b))
}

/// `ln` of the upper part of the gamma function from `x`, as a share of it.
pub(crate) fn ln_gamma_above(a: f64, x: f64) -> f64 {
    gamma::checked_gamma_ur(a, x).map_or(f64::NEG_INFINITY, f64::ln)
}

/// The chance that a normal variable is at most `z`.
pub(crate) fn normal_below(z: f64) -> f64 {
    0.5 * erf::erfc(-z / std::f64::consts::SQRT_2)
}

/// The value that a normal variable is at most with this chance.
pub(crate) fn normal_quantile(chance: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erf::erfc_inv(2.0 * chance)
}

/// The chance that Student's t is at least as far from zero as `t`.
pub(crate) fn student_beyond(t: f64, freedom: f64) -> f64 {
    beta::checked_beta_reg(freedom / 2.0, 0.5, freedom / (freedom + t * t)).unwrap_or(1.0)
}

/// Riemann's zeta at 1.4, the exponent of the stitched bounds.
pub(crate) const ZETA_14: f64 = 3.105_547_277_977_58;

/// The information of one observation at rate `p` against rate `q`: `KL(p || q)` in nats.
pub(crate) fn divergence(p: f64, q: f64) -> f64 {
    let part = |p: f64, q: f64| if p <= 0.0 { 0.0 } else { p * (p / q).ln() };
    part(p, q) + part(1.0 - p, 1.0 - q)
}
