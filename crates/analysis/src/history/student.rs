//! Student's test of two means with one variance.

use crate::numbers::real::length;
use crate::numbers::special::student_beyond;
use crate::numbers::sum::mean;

/// Two parts of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Compared {
    pub(super) before: f64,
    pub(super) after: f64,
    pub(super) p: f64,
}

/// Compares two parts, neither of them empty. As in Hunter, the variances are those of a population
/// (divided by `n`, not `n - 1`), which makes the test a little bolder than its name.
pub(super) fn compare(left: &[f64], right: &[f64]) -> Compared {
    let (before, after) = (mean(left), mean(right));
    let (n, m) = (length(left.len()), length(right.len()));
    let variance = |part: &[f64], mean: f64| {
        part.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / length(part.len())
    };
    let freedom = n + m - 2.0;
    let p = if freedom > 0.0 {
        let squares = (n - 1.0) * variance(left, before) + (m - 1.0) * variance(right, after);
        let error = (squares / freedom * (1.0 / n + 1.0 / m)).sqrt();
        let apart = before - after;
        if error > 0.0 {
            student_beyond(apart / error, freedom)
        } else if apart == 0.0 {
            1.0
        } else {
            0.0
        }
    } else {
        1.0
    };
    Compared { before, after, p }
}
