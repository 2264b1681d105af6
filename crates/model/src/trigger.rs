//! Conditions that take a rollout back.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Millis;

/// A share of answers, in parts of ten thousand: fine enough for `0.05%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Rate(u16);

impl Rate {
    /// The whole.
    pub const FULL: Self = Self(10_000);

    /// So many parts of ten thousand; none above the whole.
    pub fn from_parts(parts: u16) -> Option<Self> {
        (parts <= Self::FULL.0).then_some(Self(parts))
    }

    /// Parts of ten thousand.
    pub fn parts(self) -> u16 {
        self.0
    }

    /// Between 0 and 1.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / f64::from(Self::FULL.0)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 100, self.0 % 100);
        match (rest, rest % 10) {
            (0, _) => write!(f, "{whole}%"),
            (_, 0) => write!(f, "{whole}.{}%", rest / 10),
            (_, _) => write!(f, "{whole}.{rest:02}%"),
        }
    }
}

/// A condition that takes a rollout back. It fires on evidence only: silence is no evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// An instance of the candidate ended by itself.
    Crash,
    /// An instance of the candidate was ready and is not any more.
    ReadinessLost,
    /// More than this share of the candidate's answers were errors (5xx, or none at all), all the
    /// time for so long.
    ErrorRate {
        /// The share that may not be passed.
        above: Rate,
        /// For how long.
        lasting: Millis,
    },
}

impl Trigger {
    /// What is watched for where the file says nothing.
    pub const DEFAULTS: [Self; 3] = [
        Self::Crash,
        Self::ReadinessLost,
        Self::ErrorRate {
            above: Rate(500),
            lasting: Millis::from_secs(10),
        },
    ];

    /// [`Trigger::DEFAULTS`] as a list.
    pub fn defaults() -> Vec<Self> {
        Self::DEFAULTS.to_vec()
    }
}

/// As it is written in the file.
impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crash => f.pad("crash"),
            Self::ReadinessLost => f.pad("readiness lost"),
            Self::ErrorRate { above, lasting } => write!(f, "error rate > {above} for {lasting}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_reads_as_it_is_written() {
        let [crash, lost, errors] = Trigger::DEFAULTS;
        assert_eq!(crash.to_string(), "crash");
        assert_eq!(lost.to_string(), "readiness lost");
        assert_eq!(errors.to_string(), "error rate > 5% for 10s");
    }

    #[test]
    fn a_rate_shows_as_few_digits_as_it_needs() {
        for (parts, shown) in [
            (500, "5%"),
            (50, "0.5%"),
            (5, "0.05%"),
            (1_234, "12.34%"),
            (10_000, "100%"),
        ] {
            assert_eq!(Rate::from_parts(parts).expect("a rate").to_string(), shown);
        }
        assert_eq!(Rate::from_parts(10_001), None);
    }
}
