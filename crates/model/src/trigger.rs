//! Conditions that take a rollout back.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Measure, Millis};

/// A share of answers, in parts of ten thousand: fine enough for `0.05%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Rate(u16);

impl Rate {
    /// The whole.
    pub const FULL: Self = Self(10_000);

    /// What is left of the whole.
    #[must_use]
    pub const fn rest(self) -> Self {
        Self(Self::FULL.0.saturating_sub(self.0))
    }

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

/// How many times as much: in hundredths, so that `1.5x` is the same number each time it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Times(u32);

impl Times {
    /// So many hundredths.
    pub const fn from_hundredths(hundredths: u32) -> Self {
        Self(hundredths)
    }

    /// Hundredths.
    pub const fn hundredths(self) -> u32 {
        self.0
    }

    /// As a factor.
    pub fn factor(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

/// As it is written: `2x`, `1.5x`.
impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 100, self.0 % 100);
        match (rest, rest % 10) {
            (0, _) => write!(f, "{whole}x"),
            (_, 0) => write!(f, "{whole}.{}x", rest / 10),
            (_, _) => write!(f, "{whole}.{rest:02}x"),
        }
    }
}

/// A share of the answers that are at least as fast: `p95`, `p99.9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Percentile(pub Rate);

impl Percentile {
    /// What `response time` means.
    pub const USUAL: Self = Self(Rate(9_500));
}

impl fmt::Display for Percentile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", self.0.to_string().trim_end_matches('%'))
    }
}

/// By how much a score drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Drop {
    /// A share of what it was.
    Share(Rate),
    /// Points of a hundred, in hundredths of a point.
    Points(u16),
}

impl fmt::Display for Drop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(rate) => write!(f, "{rate}"),
            Self::Points(hundredths) => {
                let points = Rate(*hundredths).to_string();
                let noun = if *hundredths == 100 {
                    "point"
                } else {
                    "points"
                };
                write!(f, "{} {noun}", points.trim_end_matches('%'))
            }
        }
    }
}

/// What a metric of any name is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The metric is a share.
    Share(Rate),
    /// The metric is a number.
    Number(Measure),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(rate) => write!(f, "{rate}"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// Which time a condition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Lasting {
    /// All the time, for so long.
    For(Millis),
    /// All together, over the last so long.
    Over(Millis),
}

impl fmt::Display for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(time) => write!(f, "for {time:#}"),
            Self::Over(time) => write!(f, "over {time:#}"),
        }
    }
}

/// A condition that something is wrong with a candidate. It fires on evidence only: silence is no
/// evidence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// More than this share of all the candidate's answers of the last so long were errors.
    ErrorRateOver {
        /// The share that may not be passed.
        above: Rate,
        /// Of which time.
        window: Millis,
    },
    /// The candidate's share of errors was so many times the stable release's, all the time for so
    /// long.
    ErrorRateAgainst {
        /// More than this is too much.
        times: Times,
        /// For how long.
        lasting: Millis,
    },
    /// It is shown that the candidate errs more often than the stable release beside it: a test that may
    /// be looked at any time, wrong in one deployment of a hundred at most.
    ErrorRateWorse,
    /// The candidate's answers took longer than this, all the time for so long.
    Slow {
        /// Which answers.
        percentile: Percentile,
        /// The time that may not be passed.
        above: Millis,
        /// For how long.
        lasting: Millis,
    },
    /// The candidate's answers took so many times as long as the stable release's, all the time for so
    /// long.
    SlowAgainst {
        /// Which answers.
        percentile: Percentile,
        /// More than this is too much.
        times: Times,
        /// For how long.
        lasting: Millis,
    },
    /// The candidate was asked and gave no good answer, all the time for so long.
    Unavailable {
        /// For how long.
        lasting: Millis,
    },
    /// A probe failed all the time for so long.
    ProbeFailing {
        /// Its name.
        probe: String,
        /// For how long.
        lasting: Millis,
    },
    /// The candidate used more than this share of `limits.memory`, all the time for so long.
    Memory {
        /// The share that may not be passed.
        above: Rate,
        /// For how long.
        lasting: Millis,
    },
    /// The health score dropped by this.
    ScoreDrops {
        /// By how much.
        by: Drop,
    },
    /// A metric was above a limit.
    Metric {
        /// Its name.
        name: String,
        /// What it may not pass.
        above: Limit,
        /// Which time.
        lasting: Lasting,
    },
}

impl Trigger {
    /// What is watched for where the file says nothing.
    pub const DEFAULTS: [Self; 4] = [
        Self::Crash,
        Self::ReadinessLost,
        Self::ErrorRate {
            above: Rate(500),
            lasting: Millis::from_secs(10),
        },
        Self::ErrorRateWorse,
    ];

    /// Whether it is about one moment, and not about a time.
    pub const fn is_sudden(&self) -> bool {
        matches!(self, Self::Crash | Self::ReadinessLost)
    }

    /// What measures it; none where nothing does in this version, so that it is not watched.
    pub const fn source(&self) -> Option<Source> {
        match self {
            Self::Crash | Self::ReadinessLost => Some(Source::Instances),
            Self::ErrorRate { .. }
            | Self::ErrorRateOver { .. }
            | Self::ErrorRateAgainst { .. }
            | Self::ErrorRateWorse
            | Self::Slow { .. }
            | Self::SlowAgainst { .. }
            | Self::Unavailable { .. } => Some(Source::Answers),
            Self::Metric { .. } => Some(Source::Metrics),
            Self::ProbeFailing { .. } => Some(Source::Probes),
            Self::Memory { .. } => Some(Source::Memory),
            Self::ScoreDrops { .. } => Some(Source::Score),
        }
    }
}

/// What a trigger is fed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// What the target and the readiness question say of an instance.
    Instances,
    /// What the router counts.
    Answers,
    /// A metric, where the service says how it is asked for.
    Metrics,
    /// A health question, where the service has it.
    Probes,
    /// What the processes of an instance hold in memory, where the service says how much that may be.
    Memory,
    /// The health score, where the file says what it is made of.
    Score,
}

/// As it is written in the file.
impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crash => f.pad("crash"),
            Self::ReadinessLost => f.pad("readiness lost"),
            Self::ErrorRate { above, lasting } => write!(f, "error rate > {above} for {lasting:#}"),
            Self::ErrorRateOver { above, window } => {
                write!(f, "error rate > {above} over {window:#}")
            }
            Self::ErrorRateAgainst { times, lasting } => {
                write!(f, "error rate > {times} baseline for {lasting:#}")
            }
            Self::ErrorRateWorse => f.pad("error rate worse than baseline"),
            Self::Slow {
                percentile,
                above,
                lasting,
            } => write!(f, "{percentile} > {above:#} for {lasting:#}"),
            Self::SlowAgainst {
                percentile,
                times,
                lasting,
            } => write!(f, "{percentile} > {times} baseline for {lasting:#}"),
            Self::Unavailable { lasting } => write!(f, "unavailable for {lasting:#}"),
            Self::ProbeFailing { probe, lasting } => {
                write!(f, "probe {probe} failing for {lasting:#}")
            }
            Self::Memory { above, lasting } => write!(f, "memory > {above} for {lasting:#}"),
            Self::ScoreDrops { by } => write!(f, "score drops {by}"),
            Self::Metric {
                name,
                above,
                lasting,
            } => write!(f, "metric {name} > {above} {lasting:#}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_reads_as_it_is_written() {
        let [crash, lost, errors, worse] = Trigger::DEFAULTS;
        assert_eq!(crash.to_string(), "crash");
        assert_eq!(lost.to_string(), "readiness lost");
        assert_eq!(errors.to_string(), "error rate > 5% for 10s");
        assert_eq!(worse.to_string(), "error rate worse than baseline");
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
