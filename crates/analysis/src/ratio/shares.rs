//! At which shares of traffic how much was seen, in bounded room.
//!
//! Some sums over all ticks, `Σ n_k f(π_k)`, are asked for functions that are known only later. As
//! long as there were few different shares each is kept, and the sum is exact. Beyond that
//! neighbours are put together, and it is known how far the sum can lie from the truth: for a concave
//! `f` the mean of a bin is never below it, and the chord between its ends never above.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::numbers::{bits, real};

/// Bins that are kept at most.
const MOST: usize = 1_024;

/// Stretches of log odds into which bins are put together when there are too many.
const STRETCHES: f64 = 512.0;

/// Log odds from the middle to the outermost stretch: a share of one in ten million.
const REACH: f64 = 16.0;

/// What was seen at one share, or at shares that lie close together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Bin {
    count: u64,
    /// Count times share.
    #[serde(with = "bits")]
    moment: f64,
    #[serde(with = "bits")]
    low: f64,
    #[serde(with = "bits")]
    high: f64,
}

/// Counts by share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shares {
    /// By the bits of its lower end: the order of positive figures.
    bins: BTreeMap<u64, Bin>,
}

impl Shares {
    pub(crate) fn push(&mut self, share: f64, count: u64) {
        if count == 0 {
            return;
        }
        let before = self.bins.range_mut(..=share.to_bits()).next_back();
        if let Some((_, bin)) = before.filter(|(_, bin)| share <= bin.high) {
            bin.count = bin.count.saturating_add(count);
            bin.moment += real(count) * share;
            return;
        }
        let bin = Bin {
            count,
            moment: real(count) * share,
            low: share,
            high: share,
        };
        self.bins.insert(share.to_bits(), bin);
        if self.bins.len() > MOST {
            self.put_together();
        }
    }

    fn put_together(&mut self) {
        let mut stretches: BTreeMap<u16, Bin> = BTreeMap::new();
        for bin in std::mem::take(&mut self.bins).into_values() {
            stretches
                .entry(stretch(bin.mean()))
                .and_modify(|all| all.join(bin))
                .or_insert(bin);
        }
        let keyed = stretches.into_values().map(|bin| (bin.low.to_bits(), bin));
        self.bins = keyed.collect();
    }

    /// `Σ n f(π)` of a concave `f`, or a little more.
    pub(crate) fn at_most(&self, f: impl Fn(f64) -> f64) -> f64 {
        let sums = self
            .bins
            .values()
            .map(|bin| real(bin.count) * f(bin.mean()));
        sums.sum()
    }

    /// `Σ n f(π)` of a concave `f`, or a little less.
    pub(crate) fn at_least(&self, f: impl Fn(f64) -> f64) -> f64 {
        let sums = self.bins.values().map(|bin| {
            let width = bin.high - bin.low;
            if width <= 0.0 {
                return real(bin.count) * f(bin.low);
            }
            let part = ((bin.mean() - bin.low) / width).clamp(0.0, 1.0);
            real(bin.count) * ((1.0 - part) * f(bin.low) + part * f(bin.high))
        });
        sums.sum()
    }
}

impl Bin {
    fn join(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.moment += other.moment;
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
    }

    fn mean(&self) -> f64 {
        if self.low.to_bits() == self.high.to_bits() {
            return self.low;
        }
        (self.moment / real(self.count)).clamp(self.low, self.high)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and the number of stretches"
)]
fn stretch(share: f64) -> u16 {
    let odds = (share / (1.0 - share)).ln().clamp(-REACH, REACH);
    ((odds + REACH) / (2.0 * REACH) * (STRETCHES - 1.0)).floor() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(place: u64) -> f64 {
        real(place * 7_919 % 50_021 + 1) / 60_000.0
    }

    #[test]
    fn few_shares_are_exact() {
        let mut shares = Shares::default();
        let f = |share: f64| (1.0 + 9.0 * share).ln();
        let mut sum = 0.0;
        for place in 0..1_000 {
            shares.push(share(place), place % 7);
            sum += real(place % 7) * f(share(place));
        }
        for found in [shares.at_most(f), shares.at_least(f)] {
            assert!((found - sum).abs() < 1e-9 * sum, "{found} of {sum}");
        }
    }

    #[test]
    fn many_shares_need_no_more_room_and_the_truth_lies_between() {
        let mut shares = Shares::default();
        let f = |share: f64| (1.0 + 9.0 * share).ln();
        let mut sum = 0.0;
        for place in 0..50_000 {
            shares.push(share(place), 3);
            sum += 3.0 * f(share(place));
        }
        assert!(shares.bins.len() <= MOST);
        let (low, high) = (shares.at_least(f), shares.at_most(f));
        assert!(low <= sum && sum <= high, "{low} {sum} {high}");
        assert!((high - low) < 1e-3 * sum, "{low} {high}");
    }
}
