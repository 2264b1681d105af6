//! Sums of what is kept as logarithms.

/// `ln(e^a + e^b + …)` without leaving the range of a figure; minus infinity for nothing.
pub(crate) fn of_logs(logs: &[f64]) -> f64 {
    let most = largest(logs);
    if most.is_infinite() {
        return most;
    }
    most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln()
}

/// The largest; minus infinity for nothing.
pub(crate) fn largest(figures: &[f64]) -> f64 {
    figures.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// The mean; no number for nothing.
pub(crate) fn mean(figures: &[f64]) -> f64 {
    figures.iter().sum::<f64>() / super::real::length(figures.len())
}
