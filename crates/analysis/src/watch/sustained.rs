//! "All the time, for so long."
//!
//! Intervals are gathered in bins of a fifth of the time, at least a second. A bin *breaches*, is
//! *good*, or says nothing. The condition is met while a run of breaching bins without a gap has
//! lasted long enough. A bin that is good or says nothing, and intervals that are missing, begin the
//! run anew.

use serde::{Deserialize, Serialize};
use windlass_model::Millis;

use super::counts::Interval;
use crate::trigger::Reading;
use crate::trigger::fewest::CHANCE;

/// Bins in the time of a condition.
const BINS: u64 = 5;

/// Shortest bin.
const SHORTEST_MS: u64 = 1_000;

/// A run of bins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sustained {
    bin_ms: u64,
    /// Breaching bins in a row that are long enough.
    bins: u64,
    /// The bin that is open.
    open: Option<Interval>,
    /// Bins of the run, and their sum; after a bin that ended a run nothing but its end, so that a gap
    /// after it is noticed.
    run: u64,
    sum: Option<Interval>,
    last_was_good: bool,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run<'s> {
    /// The last bin was good.
    Quiet,
    /// The last bin said nothing, or there is none yet.
    TooFew,
    /// The last bins breached, but not for long enough; their sum.
    Rising(&'s Interval),
    /// They did for long enough; their sum.
    Met(&'s Interval),
}

impl Sustained {
    /// Nothing seen yet.
    pub fn new(lasting: Millis) -> Self {
        let lasting = lasting.as_millis();
        let bin_ms = lasting.div_ceil(BINS).max(SHORTEST_MS);
        Self {
            bin_ms,
            bins: lasting.div_ceil(bin_ms).max(1),
            open: None,
            run: 0,
            sum: None,
            last_was_good: false,
        }
    }

    /// How long a bin is.
    pub const fn bin(&self) -> Millis {
        Millis::from_millis(self.bin_ms)
    }

    /// How many in a row there must be.
    pub const fn bins(&self) -> u64 {
        self.bins
    }

    /// What one bin may do by chance, so that all of them together do it once in a million windows: the
    /// root of that, found by halving.
    pub fn chance_of_a_bin(&self) -> f64 {
        let (mut low, mut high) = (CHANCE, 1.0);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            let all = (0..self.bins).fold(1.0, |product, _| product * middle);
            if all > CHANCE {
                high = middle;
            } else {
                low = middle;
            }
        }
        low
    }

    /// Adds the next interval; a bin that is full with it is read.
    pub fn push(&mut self, next: &Interval, read: impl FnOnce(&Interval) -> Reading) -> Run<'_> {
        let before = self.open.as_ref().or(self.sum.as_ref());
        let follows = before.is_none_or(|before| before.until_ms == next.from_ms);
        if !follows || next.until_ms < next.from_ms {
            self.begin_anew();
        }
        let open = joined(self.open.take(), next);
        if open.length() < self.bin() {
            self.open = Some(open);
        } else {
            let reading = read(&open);
            self.close(&open, reading);
        }
        self.now()
    }

    /// Nothing that was seen counts any more.
    pub fn begin_anew(&mut self) {
        self.open = None;
        self.sum = None;
        self.run = 0;
        self.last_was_good = false;
    }

    fn close(&mut self, bin: &Interval, reading: Reading) {
        match reading {
            Reading::Breach => {
                self.sum = Some(joined(self.sum.take(), bin));
                self.run += 1;
            }
            Reading::Good | Reading::Nothing => {
                self.begin_anew();
                self.last_was_good = reading == Reading::Good;
                self.sum = Some(Interval {
                    from_ms: bin.until_ms,
                    until_ms: bin.until_ms,
                    ..Interval::default()
                });
            }
        }
    }

    fn now(&self) -> Run<'_> {
        match &self.sum {
            Some(sum) if self.run >= self.bins => Run::Met(sum),
            Some(sum) if self.run > 0 => Run::Rising(sum),
            Some(_) | None if self.last_was_good => Run::Quiet,
            Some(_) | None => Run::TooFew,
        }
    }
}

fn joined(before: Option<Interval>, next: &Interval) -> Interval {
    let Some(mut before) = before else {
        return next.clone();
    };
    before.add(next);
    before
}

/// Enough for every digit of a number.
const HALVINGS: usize = 60;
