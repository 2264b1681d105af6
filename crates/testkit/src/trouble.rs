//! Calls that go wrong now and then.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use windlass_model::Millis;

use crate::seed::Seeded;

/// What becomes of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It takes effect and is answered.
    Fine,
    /// It is not reached: no effect.
    Unreachable,
    /// It takes effect, but the answer is lost: a time-out.
    Lost,
}

/// Chance failures, never so many that a bounded number of tries can't get through.
#[derive(Debug)]
pub struct Trouble {
    seeded: Seeded,
    chance: Cell<u64>,
    slowest_ms: Cell<u64>,
    most: u8,
    most_in_a_row: u8,
    failed: RefCell<BTreeMap<String, Failed>>,
}

#[derive(Debug, Default)]
struct Failed {
    all: u8,
    in_a_row: u8,
}

impl Trouble {
    /// No trouble, until a chance is set. A call of one key fails at most `most` times altogether
    /// and `most_in_a_row` times in a row.
    pub fn new(most: u8, most_in_a_row: u8) -> Self {
        Self {
            seeded: Seeded::new(0),
            chance: Cell::new(0),
            slowest_ms: Cell::new(0),
            most,
            most_in_a_row,
            failed: RefCell::default(),
        }
    }

    /// From now on `percent` of a hundred calls fail, and a call takes up to `slowest`.
    pub fn begin(&self, seed: u64, percent: u64, slowest: Millis) {
        self.seeded.begin(seed);
        self.chance.set(percent);
        self.slowest_ms.set(slowest.as_millis());
    }

    /// What becomes of the next call of `key`.
    pub fn fate(&self, key: &str) -> Fate {
        let mut all = self.failed.borrow_mut();
        let failed = all.entry(key.to_owned()).or_default();
        let spent = failed.all >= self.most || failed.in_a_row >= self.most_in_a_row;
        if spent || !self.seeded.chance(self.chance.get()) {
            failed.in_a_row = 0;
            return Fate::Fine;
        }
        failed.all = failed.all.saturating_add(1);
        failed.in_a_row = failed.in_a_row.saturating_add(1);
        if self.seeded.chance(50) {
            Fate::Lost
        } else {
            Fate::Unreachable
        }
    }

    /// How long the next part of a call takes.
    pub fn takes(&self) -> Millis {
        Millis::from_millis(self.seeded.below(self.slowest_ms.get().saturating_add(1)))
    }
}
