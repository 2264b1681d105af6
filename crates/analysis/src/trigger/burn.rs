//! How fast an error budget burns: the Site Reliability Workbook, chapter 5.

use serde::{Deserialize, Serialize};
use windlass_model::Millis;

use super::window::Window;
use crate::ratio::Arm;

/// A burn rate that may not be passed in a long and a short window at once: the long one says that it
/// matters, the short one that it still goes on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// The long window.
    pub long: Millis,
    /// The short window; a twelfth of the long one by custom.
    pub short: Millis,
    /// How many times as fast as the budget allows.
    pub factor: f64,
}

const HOUR: u64 = 3_600;

/// For a budget of 30 days: 2 % of it in an hour, 5 % in six, 10 % in three days.
pub const CUSTOMARY: [Rule; 3] = [
    Rule {
        long: Millis::from_secs(HOUR),
        short: Millis::from_secs(HOUR / 12),
        factor: 14.4,
    },
    Rule {
        long: Millis::from_secs(6 * HOUR),
        short: Millis::from_secs(HOUR / 2),
        factor: 6.0,
    },
    Rule {
        long: Millis::from_secs(72 * HOUR),
        short: Millis::from_secs(6 * HOUR),
        factor: 1.0,
    },
];

/// What a rule reads.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Burning {
    /// In the long window; 0 without requests.
    pub long: f64,
    /// In the short window.
    pub short: f64,
    /// Whether both are above the factor.
    pub fires: bool,
}

/// One rule and its windows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Burn {
    rule: Rule,
    /// The share that may fail: 0.001 for an objective of 99.9 %.
    budget: f64,
    long: Window,
    short: Window,
}

impl Burn {
    /// Nothing seen yet. The objective is a share of good requests, below 1.
    ///
    /// During a canary give each release its own, and blame the candidate only if the stable release
    /// does not burn as well.
    pub fn new(rule: Rule, objective: f64) -> Self {
        Self {
            rule,
            budget: 1.0 - objective,
            long: Window::new(rule.long),
            short: Window::new(rule.short),
        }
    }

    /// Adds an interval that ended at this time.
    pub fn push(&mut self, until_ms: u64, arm: Arm) -> Burning {
        let rate = |sum: Arm| sum.rate().unwrap_or(0.0) / self.budget;
        let long = rate(self.long.push(until_ms, arm));
        let short = rate(self.short.push(until_ms, arm));
        Burning {
            long,
            short,
            fires: long > self.rule.factor && short > self.rule.factor,
        }
    }
}
