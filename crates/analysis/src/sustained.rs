//! "More than so many errors for so long."
//!
//! Counts are gathered in bins of a fifth of the time, at least a second. A bin *breaches* when the
//! share of errors in it is above the threshold. The rule fires when a run of breaching bins
//! without a gap has lasted long enough. A bin that is good, or that has too few answers to say
//! anything, and ticks that are missing, begin the run anew.
//!
//! How many answers are too few is computed: a service with [0.1 % errors](BASE), which is healthy,
//! fires by chance at most [once in a million](CHANCE) windows. Where the threshold is so low that
//! this is no measure, half of the threshold counts as healthy.

use serde::{Deserialize, Serialize};
use windlass_model::{Millis, Rate};

use crate::binomial;

/// The share of errors of a service that is healthy.
const BASE: f64 = 0.001;

/// How often a healthy service may fire, per window.
const CHANCE: f64 = 1e-6;

/// Bins in the time of a rule.
const BINS: u64 = 5;

/// Shortest bin.
const SHORTEST_MS: u64 = 1_000;

/// What a candidate answered in one interval. The next one begins where this ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Its begin.
    pub from_ms: u64,
    /// Its end.
    pub until_ms: u64,
    /// Answers, and requests that got none.
    pub answers: u64,
    /// Those among them that were errors.
    pub errors: u64,
}

/// What the rule says after an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The last bin was good.
    Quiet,
    /// The last bin had too few answers, or there is none yet.
    TooFew,
    /// The last bins breached, but not for long enough.
    Rising {
        /// Answers in them.
        answers: u64,
        /// Errors in them.
        errors: u64,
        /// Their time.
        over_ms: u64,
    },
    /// It fires; told once, then the run begins anew.
    Fired {
        /// Answers in the run.
        answers: u64,
        /// Errors in the run.
        errors: u64,
        /// Its time.
        over_ms: u64,
    },
}

/// One rule and what it has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sustained {
    above: Rate,
    bin_ms: u64,
    /// Breaching bins in a row that fire.
    bins: u64,
    /// Answers that a bin must have.
    fewest: u64,
    /// The bin that is open.
    open: Option<Counts>,
    /// Bins of the run, and their sum.
    run: u64,
    sum: Option<Counts>,
    last_was_good: bool,
}

impl Sustained {
    /// Nothing seen yet.
    pub fn new(above: Rate, lasting: Millis) -> Self {
        let lasting = lasting.as_millis();
        let bin_ms = lasting.div_ceil(BINS).max(SHORTEST_MS);
        let bins = lasting.div_ceil(bin_ms).max(1);
        let healthy = BASE.min(above.fraction() / 2.0);
        Self {
            above,
            bin_ms,
            bins,
            fewest: binomial::fewest(above.parts(), healthy, chance_of_a_bin(bins)),
            open: None,
            run: 0,
            sum: None,
            last_was_good: false,
        }
    }

    /// Answers that a bin must have, so that it says anything.
    pub const fn fewest_answers(&self) -> u64 {
        self.fewest
    }

    /// How long a bin is.
    pub const fn bin(&self) -> Millis {
        Millis::from_millis(self.bin_ms)
    }

    /// Adds the next interval.
    pub fn push(&mut self, counts: Counts) -> Outcome {
        let follows = self
            .open
            .or(self.sum)
            .is_none_or(|before| before.until_ms == counts.from_ms);
        if !follows || counts.until_ms < counts.from_ms {
            self.begin_anew();
        }
        let open = joined(self.open, counts);
        if open.until_ms.saturating_sub(open.from_ms) < self.bin_ms {
            self.open = Some(open);
            return self.now();
        }
        self.open = None;
        self.close(open)
    }

    /// Nothing that was seen counts any more.
    pub fn begin_anew(&mut self) {
        self.open = None;
        self.sum = None;
        self.run = 0;
        self.last_was_good = false;
    }

    fn close(&mut self, bin: Counts) -> Outcome {
        let few = bin.answers < self.fewest.max(1);
        if few || !self.breaches(bin) {
            self.begin_anew();
            self.last_was_good = !few;
            // Remembered as the end of what was seen, so that a gap after it is noticed.
            self.sum = Some(Counts {
                from_ms: bin.until_ms,
                until_ms: bin.until_ms,
                answers: 0,
                errors: 0,
            });
            return self.now();
        }
        let sum = joined(self.sum, bin);
        self.run += 1;
        if self.run < self.bins {
            self.sum = Some(sum);
            return self.now();
        }
        self.begin_anew();
        Outcome::Fired {
            answers: sum.answers,
            errors: sum.errors,
            over_ms: sum.until_ms.saturating_sub(sum.from_ms),
        }
    }

    fn breaches(&self, bin: Counts) -> bool {
        let (errors, answers) = (u128::from(bin.errors), u128::from(bin.answers));
        errors * u128::from(Rate::FULL.parts()) > answers * u128::from(self.above.parts())
    }

    fn now(&self) -> Outcome {
        match self.sum {
            Some(sum) if self.run > 0 => Outcome::Rising {
                answers: sum.answers,
                errors: sum.errors,
                over_ms: sum.until_ms.saturating_sub(sum.from_ms),
            },
            Some(_) | None if self.last_was_good => Outcome::Quiet,
            Some(_) | None => Outcome::TooFew,
        }
    }
}

fn joined(before: Option<Counts>, next: Counts) -> Counts {
    let Some(before) = before else {
        return next;
    };
    Counts {
        from_ms: before.from_ms,
        until_ms: next.until_ms,
        answers: before.answers.saturating_add(next.answers),
        errors: before.errors.saturating_add(next.errors),
    }
}

/// What one bin may do by chance, so that all of them together keep [`CHANCE`]: its root, found by
/// halving.
fn chance_of_a_bin(bins: u64) -> f64 {
    let (mut low, mut high) = (CHANCE, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        let all = (0..bins).fold(1.0, |product, _| product * middle);
        if all > CHANCE {
            high = middle;
        } else {
            low = middle;
        }
    }
    low
}

/// Enough for every digit of a number.
const HALVINGS: usize = 60;
