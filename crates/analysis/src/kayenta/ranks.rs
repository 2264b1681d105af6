//! Mann and Whitney's test by ranks, with the interval that belongs to it.

use crate::numbers::real::length;
use crate::numbers::{root, special, sum};

/// Two figures whose ranks differ by less are tied.
const SAME_RANK: f64 = 1e-9;

/// Ranks from one on; equal values share the mean of theirs.
pub(crate) fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut rest = order.as_slice();
    let mut before = 0;
    while let Some(first) = rest.first() {
        let value = values[*first];
        let ties = rest
            .iter()
            .take_while(|at| values[**at] <= value)
            .count()
            .max(1);
        let (tied, later) = rest.split_at(ties);
        for at in tied {
            ranks[*at] = f64::midpoint(length(before + 1), length(before + ties));
        }
        before += ties;
        rest = later;
    }
    ranks
}

/// How often each rank occurs, cubed and less itself: what ties take from the variance.
fn ties(ranks: &[f64]) -> f64 {
    let mut sorted = ranks.to_vec();
    sorted.sort_by(f64::total_cmp);
    let groups = sorted.chunk_by(|a, b| (b - a).abs() < SAME_RANK);
    groups
        .map(|group| length(group.len()).powi(3) - length(group.len()))
        .sum()
}

/// The sum of ranks of `x` moved by `shift` over its mean, and its standard deviation.
fn rank_sum(x: &[f64], y: &[f64], shift: f64) -> (f64, f64) {
    let moved: Vec<f64> = x
        .iter()
        .map(|x| x - shift)
        .chain(y.iter().copied())
        .collect();
    let ranks = ranks(&moved);
    let (nx, ny) = (length(x.len()), length(y.len()));
    let all = nx + ny;
    let of_x: f64 = ranks.iter().take(x.len()).sum();
    let over = of_x - nx * (nx + 1.0) / 2.0 - nx * ny / 2.0;
    let variance = nx * ny / 12.0 * (all + 1.0 - ties(&ranks) / (all * (all - 1.0)));
    (over, variance.sqrt())
}

/// In standard deviations, half a rank nearer to zero.
fn z(x: &[f64], y: &[f64], shift: f64) -> f64 {
    let (over, deviation) = rank_sum(x, y, shift);
    let step = if over == 0.0 {
        0.0
    } else {
        0.5_f64.copysign(over)
    };
    (over - step) / deviation
}

/// The test of "both alike", two-sided, by the normal distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankTest {
    /// Pairs in which the first is larger.
    pub u: f64,
    /// The chance of a sum at least as far off.
    pub p: f64,
}

/// Mann and Whitney's test with the correction for ties and for continuity.
pub fn rank_test(x: &[f64], y: &[f64]) -> RankTest {
    let (over, deviation) = rank_sum(x, y, 0.0);
    let z = (over.abs() - 0.5) / deviation;
    RankTest {
        u: over + length(x.len()) * length(y.len()) / 2.0,
        p: (2.0 * special::normal_below(-z)).min(1.0),
    }
}

/// By how much `x` lies above `y`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// The shift at which both are alike.
    pub estimate: f64,
}

/// How near to a root the search goes.
const NEAR: f64 = 1e-9;

/// The shifts that are not refuted at this confidence (0.98 in the judge), between the largest
/// differences that there are. Neither sample may be empty.
pub fn difference(x: &[f64], y: &[f64], confidence: f64) -> Difference {
    let smallest = |values: &[f64]| -sum::largest(&values.iter().map(|v| -v).collect::<Vec<_>>());
    let low = smallest(x) - sum::largest(y);
    let high = sum::largest(x) - smallest(y);
    let at = |level: f64| {
        let over = |shift: f64| z(x, y, shift) - level;
        if over(low) <= 0.0 {
            low
        } else if over(high) >= 0.0 {
            high
        } else {
            root::brent(low, high, NEAR, over)
        }
    };
    let level = special::normal_quantile(f64::midpoint(1.0, confidence));
    Difference {
        low: at(level),
        high: at(-level),
        estimate: at(0.0),
    }
}
