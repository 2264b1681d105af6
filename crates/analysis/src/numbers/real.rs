//! Counts as figures.

/// A count as a figure: exact below 2^53, and no count comes near.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

/// A length as a figure.
pub(crate) fn length(length: usize) -> f64 {
    real(u64::try_from(length).unwrap_or(u64::MAX))
}

/// Rounded up to a count; nothing for what is below zero or no number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates at both ends, which is what is wanted"
)]
pub(crate) fn ceiling(figure: f64) -> u64 {
    figure.ceil() as u64
}
