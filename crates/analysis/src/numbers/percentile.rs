//! Percentiles between two values.

use super::real::length;

/// The percentile `p` (0 to 100) of sorted values, between two of them in proportion: the rule R-7
/// of Hyndman and Fan (1996), as NumPy's. None of no values.
pub fn percentile(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = (p / 100.0).clamp(0.0, 1.0) * length(last);
    let below = whole(position).min(last);
    let above = (below + 1).min(last);
    let part = position - length(below);
    let (below, above) = (*sorted.get(below)?, *sorted.get(above)?);
    Some(below + (above - below) * part)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a position in a list: not negative, and below its length"
)]
fn whole(position: f64) -> usize {
    position as usize
}
