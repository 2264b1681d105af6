//! Bounds stitched together over epochs that grow by a factor: closed forms.

use crate::numbers::special::ZETA_14;

/// The exponent of the weights of the epochs; its zeta is known.
const S: f64 = 1.4;

/// The factor from one epoch to the next.
const ETA: f64 = 2.0;

/// Half the distance of the grid of quantiles, in log odds, in [`all_quantiles`].
const DELTA: f64 = 0.5;

fn k1() -> f64 {
    (ETA.powf(0.25) + ETA.powf(-0.25)) / 2_f64.sqrt()
}

fn k2() -> f64 {
    f64::midpoint(ETA.sqrt(), 1.0)
}

/// The polynomial stitched bound on a sum of variance `v` with jumps of scale `c`, which is passed
/// ever after a variance of `least` with a chance of at most `alpha` (Howard et al. 2021, theorem 1).
pub fn polynomial(v: f64, alpha: f64, least: f64, c: f64) -> f64 {
    let v = v.max(least);
    let ell = S * (ETA * v / least).ln().ln() + (ZETA_14 / ETA.ln().powf(S)).ln() - alpha.ln();
    let jumps = k2() * c * ell;
    (k1() * k1() * v * ell + jumps * jumps).sqrt() + jumps
}

/// How far, in counts, the number below the quantile `p` can lie from `p t` for all quantiles at once
/// (double stitching: Howard and Ramdas 2022, theorem 3). Tightest after `t_opt` values.
pub fn all_quantiles(p: f64, t: f64, alpha: f64, t_opt: f64) -> f64 {
    let t = t.max(t_opt);
    let odds = (p / (1.0 - p)).ln();
    let r = if p >= 0.5 {
        p
    } else {
        let moved = odds + 2.0 * DELTA * (t_opt * ETA / t).sqrt();
        (1.0 / (1.0 + (-moved).exp())).min(0.5)
    };
    let variance = r * (1.0 - r);
    let j = (t / t_opt).sqrt() * odds.abs() / (2.0 * DELTA) + 1.0;
    let ell = S * (ETA * t / t_opt).ln().ln()
        + S * j.ln()
        + (2.0 * ZETA_14 * (2.0 * ZETA_14 + 1.0) / (alpha * ETA.ln().powf(S))).ln();
    let jumps = k2() * (1.0 - 2.0 * p) / 3.0 * ell;
    DELTA * (ETA * t * variance / t_opt).sqrt()
        + (k1() * k1() * variance * t * ell + jumps * jumps).sqrt()
        + jumps
}
