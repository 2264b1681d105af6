//! Where a series falls into two parts that differ most.
//!
//! The energy statistic of Matteson and James (arXiv 1306.4933) with absolute differences, for a
//! split of the values `X | Y` at `tau`, of which `Y` ends at `kappa`:
//! `Q = 2/(m+n) ΣΣ|X-Y| - 2m/((m+n)(n-1)) Σ|X-X| - 2n/((m+n)(m-1)) Σ|Y-Y|`.

use crate::numbers::real::length;

/// Where a series falls apart best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The first value of the second part.
    pub index: usize,
    /// The statistic there.
    pub q: f64,
}

/// The best place to split a series in two; none of fewer than two values. The first of equals.
///
/// Time grows with the cube of the length, which is that of a window.
pub fn candidate(series: &[f64]) -> Option<Candidate> {
    let mut best: Option<Candidate> = None;
    // Distances among the values before `tau`, and of each later value to all of them.
    let mut within_left = 0.0;
    let mut to_left = vec![0.0; series.len()];
    for tau in 1..series.len() {
        let joined = series[tau - 1];
        within_left += to_left[tau - 1];
        for (sum, value) in to_left.iter_mut().zip(series) {
            *sum += (value - joined).abs();
        }
        let left = Left {
            n: length(tau),
            within: within_left,
        };
        let found = left.best(&series[tau..], &to_left[tau..]);
        if best.is_none_or(|best| found > best.q) {
            best = Some(Candidate {
                index: tau,
                q: found,
            });
        }
    }
    best
}

/// The part before the split.
struct Left {
    n: f64,
    within: f64,
}

impl Left {
    /// The largest statistic over all ends of the part after the split.
    fn best(&self, right: &[f64], to_left: &[f64]) -> f64 {
        let mut best = f64::NEG_INFINITY;
        let (mut between, mut within) = (0.0, 0.0);
        for (end, (value, distance)) in right.iter().zip(to_left).enumerate() {
            between += distance;
            within += right[..end]
                .iter()
                .map(|other| (value - other).abs())
                .sum::<f64>();
            best = best.max(self.q(between, within, length(end + 1)));
        }
        best
    }

    fn q(&self, between: f64, within_right: f64, m: f64) -> f64 {
        let (n, all) = (self.n, m + self.n);
        let pairs = |within: f64, other: f64, own: f64| {
            if own > 1.0 {
                2.0 * other / (all * (own - 1.0)) * within
            } else {
                0.0
            }
        };
        2.0 / all * between - pairs(self.within, m, n) - pairs(within_right, n, m)
    }
}
