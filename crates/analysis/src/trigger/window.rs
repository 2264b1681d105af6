//! `… over W`: the sum of all that ended within the last `W`.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use windlass_model::{Millis, Rate};

use super::reading::{Reading, rate_above};
use crate::ratio::Arm;

/// Slots of a window at most. Intervals shorter than a slot are put together, so that a window of
/// three days needs no more room than one of a minute; longer ones are kept as they are.
pub const SLOTS: u64 = 2_048;

/// What ended at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    until_ms: u64,
    arm: Arm,
}

/// Requests of the last `W`: of the intervals that end in `(t - W, t]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    width_ms: u64,
    slots: VecDeque<Slot>,
    sum: Arm,
}

impl Window {
    /// Nothing seen yet.
    pub const fn new(width: Millis) -> Self {
        Self {
            width_ms: width.as_millis(),
            slots: VecDeque::new(),
            sum: Arm {
                requests: 0,
                bad: 0,
            },
        }
    }

    /// Adds an interval that ended at this time, which is not before the last one's; the sum after it.
    pub fn push(&mut self, until_ms: u64, arm: Arm) -> Arm {
        let slot_ms = (self.width_ms / SLOTS).max(1);
        let new = Slot { until_ms, arm };
        match self.slots.back_mut() {
            Some(last) if last.until_ms / slot_ms == until_ms / slot_ms => {
                last.until_ms = until_ms;
                last.arm = last.arm.plus(arm);
            }
            Some(_) | None => self.slots.push_back(new),
        }
        self.sum = self.sum.plus(arm);
        while let Some(first) = self.slots.front() {
            if first.until_ms.saturating_add(self.width_ms) > until_ms {
                break;
            }
            self.sum.requests = self.sum.requests.saturating_sub(first.arm.requests);
            self.sum.bad = self.sum.bad.saturating_sub(first.arm.bad);
            self.slots.pop_front();
        }
        self.sum
    }

    /// The sum.
    pub const fn sum(&self) -> Arm {
        self.sum
    }
}

/// `error rate > R over W`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateOver {
    above: Rate,
    fewest: u64,
    window: Window,
}

impl RateOver {
    /// Nothing seen yet. Nothing is said below the fewest requests: see [`super::fewest`].
    pub const fn new(above: Rate, width: Millis, fewest: u64) -> Self {
        Self {
            above,
            fewest,
            window: Window::new(width),
        }
    }

    /// Adds an interval that ended at this time; it fires where this breaches.
    pub fn push(&mut self, until_ms: u64, arm: Arm) -> Reading {
        rate_above(self.window.push(until_ms, arm), self.above, self.fewest)
    }

    /// What it may not pass.
    pub const fn above(&self) -> Rate {
        self.above
    }

    /// Requests below which it says nothing.
    pub const fn fewest(&self) -> u64 {
        self.fewest
    }

    /// What it was judged by.
    pub const fn sum(&self) -> Arm {
        self.window.sum()
    }
}
