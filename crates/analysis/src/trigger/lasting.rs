//! `… for H`: all the time, not on average.

use serde::{Deserialize, Serialize};
use windlass_model::Millis;

use super::reading::Reading;

/// An interval of time in milliseconds of work time; the next one begins where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its begin.
    pub from_ms: u64,
    /// Its end.
    pub until_ms: u64,
}

/// What the rule says after an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The condition is not met.
    Quiet,
    /// It is met, but not for long enough.
    Rising {
        /// For how long.
        over_ms: u64,
    },
    /// It fires; told at every interval as long as it goes on.
    Fires {
        /// For how long.
        over_ms: u64,
    },
    /// Nothing to judge, but not for long.
    Silent,
    /// Nothing to judge for as long as the rule asks: not watched, and not healthy.
    NoData {
        /// For how long.
        over_ms: u64,
    },
}

/// Fires when every interval of an unbroken run breaches and the run spans at least `H`.
///
/// An interval that does not breach ends the run, and so does one that can't be judged, or one that
/// does not begin where the last ended. Exactly `H` is long enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lasting {
    needed_ms: u64,
    breach_since: Option<u64>,
    silent_since: Option<u64>,
    last_ms: Option<u64>,
}

impl Lasting {
    /// Nothing seen yet.
    pub const fn new(lasting: Millis) -> Self {
        Self {
            needed_ms: lasting.as_millis(),
            breach_since: None,
            silent_since: None,
            last_ms: None,
        }
    }

    /// Adds the next interval and what it says.
    pub fn push(&mut self, span: Span, reading: Reading) -> Outcome {
        if self.last_ms.is_some_and(|last| last != span.from_ms) {
            self.breach_since = None;
            self.silent_since = None;
        }
        self.last_ms = Some(span.until_ms);
        let over = |since: &mut Option<u64>| {
            span.until_ms
                .saturating_sub(*since.get_or_insert(span.from_ms))
        };
        match reading {
            Reading::Good => {
                self.breach_since = None;
                self.silent_since = None;
                Outcome::Quiet
            }
            Reading::Breach => {
                self.silent_since = None;
                match over(&mut self.breach_since) {
                    over_ms if over_ms >= self.needed_ms => Outcome::Fires { over_ms },
                    over_ms => Outcome::Rising { over_ms },
                }
            }
            Reading::Nothing => {
                self.breach_since = None;
                match over(&mut self.silent_since) {
                    over_ms if over_ms >= self.needed_ms => Outcome::NoData { over_ms },
                    _short => Outcome::Silent,
                }
            }
        }
    }
}
