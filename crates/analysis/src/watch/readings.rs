//! Readings of what is measured beside answers: metrics, probes, memory.
//!
//! `for H` is met once every reading of that time was above the limit; `over W` once their mean is.
//! Neither says anything on fewer than three readings, and two of a probe. `over` waits besides until they cover half of its
//! window: at the begin of a deployment one odd reading would be the mean. No reading, or one that is
//! no number, is no data: it ends a run that has to last, because nobody saw it last, and it is
//! never a breach.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use windlass_model::{Lasting, Limit, Millis};

use super::gauge::{Gauge, Read};
use super::standing::{Bad, Evidence, Standing};
use crate::numbers::{bits, real};
use crate::ratio::Arm;

/// Most readings that are kept of a window; beyond that the window is as long as they reach.
const MOST: usize = 1_000;

/// So many times the pause between two questions without any answer is a gap.
const GAP: u64 = 3;

/// One number and when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Reading {
    at_ms: u64,
    #[serde(with = "bits")]
    value: f64,
}

/// What was read of one gauge, and what it may not pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Readings {
    gauge: Gauge,
    limit: Limit,
    lasting: Lasting,
    every: Millis,
    /// Those of the window, or those of the run above the limit, of which only first and last are kept.
    kept: VecDeque<Reading>,
    /// Readings of the run.
    count: u64,
    /// The lowest of the run.
    #[serde(with = "bits")]
    least: f64,
    /// What was seen with the last reading above the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    saw: Option<String>,
    /// Whether anything was ever read.
    was_read: bool,
}

impl Readings {
    /// Nothing read yet.
    pub const fn new(gauge: Gauge, limit: Limit, lasting: Lasting, every: Millis) -> Self {
        Self {
            gauge,
            limit,
            lasting,
            every,
            kept: VecDeque::new(),
            count: 0,
            least: f64::INFINITY,
            saw: None,
            was_read: false,
        }
    }

    /// Of what.
    pub const fn gauge(&self) -> &Gauge {
        &self.gauge
    }

    /// Adds the answer to the next question.
    pub fn push(&mut self, at_ms: u64, read: Option<&Read>) {
        let last = self.kept.back().map(|last| last.at_ms);
        let longest = GAP.saturating_mul(self.every.as_millis());
        let is_gap = last.is_some_and(|last| at_ms < last || at_ms.saturating_sub(last) > longest);
        let read = read.filter(|read| read.value.is_finite());
        let value = read.map(|read| read.value);
        self.was_read |= value.is_some();
        if value.is_some_and(|value| value > limit(self.limit)) {
            self.saw = read.and_then(|read| read.saw.clone());
        }
        match self.lasting {
            Lasting::For(_) => {
                if is_gap {
                    self.end_run();
                }
                match value.filter(|value| *value > limit(self.limit)) {
                    Some(value) => self.lengthen(Reading { at_ms, value }),
                    None => self.end_run(),
                }
            }
            Lasting::Over(window) => {
                if last.is_some_and(|last| at_ms < last) {
                    self.kept.clear();
                }
                let begin = at_ms.saturating_sub(window.as_millis());
                self.kept.retain(|reading| reading.at_ms >= begin);
                if let Some(value) = value {
                    self.kept.truncate(MOST);
                    if self.kept.len() == MOST {
                        self.kept.pop_front();
                    }
                    self.kept.push_back(Reading { at_ms, value });
                }
            }
        }
    }

    fn lengthen(&mut self, reading: Reading) {
        self.kept.truncate(1);
        self.kept.push_back(reading);
        self.count = self.count.saturating_add(1);
        self.least = self.least.min(reading.value);
    }

    fn end_run(&mut self) {
        self.kept.clear();
        (self.count, self.least) = (0, f64::INFINITY);
    }

    fn span(&self) -> Millis {
        let (first, last) = (self.kept.front(), self.kept.back());
        let span = first
            .zip(last)
            .map(|(first, last)| last.at_ms.saturating_sub(first.at_ms));
        Millis::from_millis(span.unwrap_or_default())
    }

    /// Where the condition stands after the last reading.
    pub fn standing(&self) -> Standing {
        let evidence = |value: f64, readings: u64, mean: bool| Evidence {
            over: self.span(),
            candidate: Arm::default(),
            stable: None,
            bad: Bad::Read {
                gauge: self.gauge.clone(),
                value,
                readings,
                mean,
                saw: self.saw.clone(),
            },
        };
        match self.lasting {
            Lasting::For(_) | Lasting::Over(_) if !self.was_read => Standing::TooFew,
            Lasting::For(_) if self.count == 0 => Standing::Quiet,
            Lasting::For(lasting) => {
                let found = evidence(self.least, self.count, false);
                if self.count >= self.gauge.fewest() && self.span() >= lasting {
                    Standing::Met(found)
                } else {
                    Standing::Rising(found)
                }
            }
            Lasting::Over(window) => {
                let readings = u64::try_from(self.kept.len()).unwrap_or(u64::MAX);
                let half = Millis::from_millis(window.as_millis() / 2);
                if readings < self.gauge.fewest() || self.span() < half {
                    return Standing::TooFew;
                }
                let sum: f64 = self.kept.iter().map(|reading| reading.value).sum();
                let mean = sum / real(readings);
                if mean > limit(self.limit) {
                    Standing::Met(evidence(mean, readings, true))
                } else {
                    Standing::Quiet
                }
            }
        }
    }
}

/// A share is compared as a fraction: 5 % is 0.05.
fn limit(limit: Limit) -> f64 {
    match limit {
        Limit::Share(rate) => rate.fraction(),
        Limit::Number(number) => f64::from(number),
    }
}
