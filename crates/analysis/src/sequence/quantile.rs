//! One quantile of two samples.

use super::beta_binomial::BetaBinomial;
use super::mixture::{Mixture as _, Sides};
use crate::numbers::minimum;
use crate::numbers::real::length;

/// What is compared, and where the comparison is tightest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    /// Between 0 and 1.
    pub p: f64,
    /// After so many values of each sample,
    pub values: f64,
    /// for this chance of being wrong.
    pub alpha: f64,
}

/// A sample against one candidate value of its quantile.
struct Sample<'a> {
    sorted: &'a [f64],
    p: f64,
    mixture: &'a BetaBinomial,
    /// The share below the quantile that is least surprising, and between which values it lies.
    best: f64,
    from: f64,
    until: f64,
}

impl Quantile {
    /// The p-value, at every look, of "both samples have the same quantile": `exp(-min_x (M0 + M1))`
    /// (ANALYSIS 1b.3). Both samples sorted; 1 where one is empty.
    pub fn p_value(self, first: &[f64], second: &[f64]) -> f64 {
        let bounds = (self.p, 1.0 - self.p);
        let v = self.values * self.p * (1.0 - self.p);
        let mixture = BetaBinomial::tightest_at(v, self.alpha, bounds, Sides::Both);
        let sample = |sorted| Sample::new(sorted, self.p, &mixture);
        let (Some(first), Some(second)) = (sample(first), sample(second)) else {
            return 1.0;
        };
        let (low, high) = if first.until <= second.until {
            (first, second)
        } else {
            (second, first)
        };
        (-lowest(&low, &high)).exp().min(1.0)
    }
}

/// The lowest sum lies between the two best values, and changes only where a value is passed.
fn lowest(low: &Sample<'_>, high: &Sample<'_>) -> f64 {
    let sum = |x: f64| low.log_at(x) + high.log_at(x);
    let between = high
        .sorted
        .iter()
        .copied()
        .filter(|x| *x >= low.until && *x <= high.from);
    // The last value before the stretch stands for all of it up to the next.
    let before = high.sorted.iter().copied().rfind(|x| *x <= low.until);
    let ends = [low.until, high.from];
    ends.into_iter()
        .chain(before)
        .chain(between)
        .map(sum)
        .fold(f64::INFINITY, f64::min)
}

impl<'a> Sample<'a> {
    fn new(sorted: &'a [f64], p: f64, mixture: &'a BetaBinomial) -> Option<Self> {
        let mut sample = Self {
            sorted,
            p,
            mixture,
            best: 0.0,
            from: *sorted.first()?,
            until: *sorted.last()?,
        };
        sample.best = minimum::lowest(0.0, 1.0, |part| sample.log(part));
        let place = sample.best * length(sorted.len());
        let nth = |n: f64| sorted.iter().zip(1_u32..).find(|(_, i)| f64::from(*i) >= n);
        sample.from = *nth(place.ceil())?.0;
        sample.until = *nth(place.floor() + 1.0).map_or(sample.sorted.last()?, |(x, _)| x);
        Some(sample)
    }

    fn log(&self, below: f64) -> f64 {
        let n = length(self.sorted.len());
        let v = self.p * (1.0 - self.p) * n;
        self.mixture.log((below - self.p) * n, v)
    }

    fn log_at(&self, x: f64) -> f64 {
        let n = length(self.sorted.len());
        if x < self.from {
            self.log(length(self.sorted.partition_point(|y| *y <= x)) / n)
        } else if x > self.until {
            self.log(length(self.sorted.partition_point(|y| *y < x)) / n)
        } else {
            self.log(self.best)
        }
    }
}
