//! The e-process of the ratio of two rates.
//!
//! For every alternative the log of a likelihood ratio is kept; their weighted mean `E` has an
//! expectation of at most one as long as the candidate is no worse than the bound, at every moment
//! that one may choose to look. So the chance that it ever reaches `1/α` is at most `α` (Ville's
//! inequality): no looking is one too many. Formula and proof: ANALYSIS 1a.1, after Lindon and
//! Malek (NeurIPS 2022, arXiv 2011.03567) and Howard et al. (Annals of Statistics 49(2), 2021).

use std::f64::consts::LN_2;

use serde::{Deserialize, Serialize};

use super::grid::{Factors, LN_WEIGHT, POINTS, Test};
use super::starts::Starts;
use super::tick::Tick;
use crate::numbers::{bits, real, sum};

/// `ln 24`, rounded up: the mean of the alternatives is at most this far above the best of them.
const LN_POINTS: f64 = 3.178_054;

/// The evidence so far, as a value that is written down and goes on bit by bit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Process {
    test: Test,
    /// What a bad event is divided by, because they come in bursts.
    #[serde(with = "bits")]
    bursts: f64,
    /// The log of each alternative.
    #[serde(with = "bits::many")]
    logs: [f64; POINTS],
    /// The highest log of `E` so far; never below that of the beginning.
    #[serde(with = "bits")]
    peak: f64,
    starts: Option<Starts>,
    /// Of the last share seen, which is mostly the next one's too.
    #[serde(skip)]
    factors: Option<Box<Factors>>,
}

impl PartialEq for Process {
    /// The same evidence; what is only remembered to save work does not count.
    fn eq(&self, other: &Self) -> bool {
        self.test == other.test
            && self.bursts.to_bits() == other.bursts.to_bits()
            && self.logs.map(f64::to_bits) == other.logs.map(f64::to_bits)
            && self.peak.to_bits() == other.peak.to_bits()
            && self.starts == other.starts
    }
}

impl Process {
    /// Nothing seen yet: `E` is 1.
    pub fn new(test: Test) -> Self {
        Self {
            test,
            bursts: 1.0,
            logs: [LN_WEIGHT; POINTS],
            peak: 0.0,
            starts: None,
            factors: None,
        }
    }

    /// As [`Process::new`], with a new beginning every `requests` requests and at each
    /// [`Process::begin_stage`], so that a candidate that was good for long is not trusted for it.
    ///
    /// The `k`-th beginning weighs `1/(k(k+1))`; those to come count as 1. It costs a little at the
    /// very beginning, and finds a candidate that turns bad late several times sooner (ANALYSIS 1a.4).
    #[must_use]
    pub fn with_later_starts(test: Test, requests: u64) -> Self {
        let mut process = Self::new(test);
        let starts = Starts::first(requests);
        let weight = starts.last_weight().ln();
        process.logs = process.logs.map(|log| log + weight);
        process.starts = Some(starts);
        process
    }

    /// Divides what each bad event says by `phi`, which is at least 1: see [`super::bursts`].
    #[must_use]
    pub fn in_bursts_of(mut self, phi: f64) -> Self {
        self.bursts = phi.max(1.0);
        self
    }

    /// What is doubted.
    pub const fn test(&self) -> Test {
        self.test
    }

    /// Adds a tick. One in which either had no requests compares nothing and changes nothing.
    pub fn push(&mut self, tick: Tick) {
        if let Some(share) = tick.share() {
            self.push_at(share, tick);
        }
    }

    /// Adds a tick whose requests were dealt out by chance at this share, between 0 and 1 without
    /// both. For ticks as small as one request; otherwise the share that was measured is better.
    pub fn push_at(&mut self, share: f64, tick: Tick) {
        if self.starts.as_ref().is_some_and(Starts::due) {
            self.begin_stage();
        }
        if let Some(starts) = &mut self.starts {
            starts.count(tick.requests());
        }
        let (stable, candidate) = (tick.stable.bad, tick.candidate.bad);
        if stable == 0 && candidate == 0 {
            return;
        }
        let (stable, candidate) = (real(stable) / self.bursts, real(candidate) / self.bursts);
        let test = self.test;
        let factors = match self.factors.take() {
            Some(same) if same.share.to_bits() == share.to_bits() => same,
            Some(_) | None => Box::new(Factors::new(test, share)),
        };
        let mut best = f64::NEG_INFINITY;
        for (point, log) in self.logs.iter_mut().enumerate() {
            *log += candidate * factors.candidate[point] + stable * factors.stable[point];
            best = best.max(*log);
        }
        self.factors = Some(factors);
        // The sum is the dear part, and far from the peak it can't matter: the alternatives come to
        // 24 times the best at most, and beginnings to come to half of a peak that is at least 1.
        if best + LN_POINTS + LN_2 >= self.peak {
            self.peak = self.peak.max(self.log_e());
        }
    }

    /// A new stage of the ramp begins: one more beginning, where there are several.
    pub fn begin_stage(&mut self) {
        let Some(starts) = &mut self.starts else {
            return;
        };
        starts.open();
        let weight = LN_WEIGHT + starts.last_weight().ln();
        for log in &mut self.logs {
            *log = sum::of_logs(&[*log, weight]);
        }
    }

    /// The log of `E` now.
    pub fn log_e(&self) -> f64 {
        let opened = sum::of_logs(&self.logs);
        match &self.starts {
            Some(starts) => sum::of_logs(&[opened, starts.unopened().ln()]),
            None => opened,
        }
    }

    /// The highest log of `E` so far, and at least 0.
    pub const fn peak(&self) -> f64 {
        self.peak
    }

    /// The p-value that holds at every look: `min(1, 1 / max E)`.
    pub fn p_value(&self) -> f64 {
        (-self.peak).exp()
    }

    /// Whether `E` has ever reached `1/alpha`.
    pub fn shown_at(&self, alpha: f64) -> bool {
        self.peak >= -alpha.ln()
    }
}
