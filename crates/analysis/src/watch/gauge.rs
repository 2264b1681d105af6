//! What is read of a candidate, beside its answers.

use std::fmt;

use serde::{Deserialize, Serialize};
use windlass_model::{Limit, Measure, Trigger};

/// Something that readings are of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gauge {
    /// A metric of somebody else's: any number.
    Metric(String),
    /// A health question, or a part of its answer: [`Read::FAILS`] or [`Read::WORKS`].
    Probe(String),
    /// What an instance holds in memory, as a share of what it may.
    Memory,
}

/// One reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The number; anything but a finite one is no data.
    pub value: f64,
    /// What was seen, where that says more.
    pub saw: Option<String>,
}

impl Read {
    /// A probe whose answer is a bad one.
    pub const FAILS: f64 = 1.0;

    /// A probe whose answer is a good one.
    pub const WORKS: f64 = 0.0;
}

impl From<f64> for Read {
    fn from(value: f64) -> Self {
        Self { value, saw: None }
    }
}

impl Gauge {
    /// What a trigger rests on; none where that are answers, or nothing that is read.
    pub fn of(trigger: &Trigger) -> Option<Self> {
        match trigger {
            Trigger::Metric { name, .. } => Some(Self::Metric(name.clone())),
            Trigger::ProbeFailing { probe, .. } => Some(Self::Probe(probe.clone())),
            Trigger::Memory { .. } => Some(Self::Memory),
            Trigger::Crash
            | Trigger::ReadinessLost
            | Trigger::ErrorRate { .. }
            | Trigger::ErrorRateOver { .. }
            | Trigger::ErrorRateAgainst { .. }
            | Trigger::ErrorRateWorse
            | Trigger::Slow { .. }
            | Trigger::SlowAgainst { .. }
            | Trigger::Unavailable { .. }
            | Trigger::ScoreDrops { .. } => None,
        }
    }

    /// What a bad answer is compared with: whatever is above this much fails.
    pub(super) const WORKS: Limit = Limit::Number(Measure::ZERO);

    /// Readings on which anything is said, at least. A number may be odd once or twice; an answer that
    /// is a bad one says so itself.
    pub(super) const fn fewest(&self) -> u64 {
        match self {
            Self::Metric(_) | Self::Memory => 3,
            Self::Probe(_) => 2,
        }
    }
}

impl fmt::Display for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metric(name) => write!(f, "metric {name}"),
            Self::Probe(name) => write!(f, "probe {name}"),
            Self::Memory => f.pad("memory"),
        }
    }
}
