//! The health score around a deployment: what it came to, and what it has to reach.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Band, CategoryName, CheckName, Measure, Percent, Permit, PointsLost, Score, ServiceName,
};

/// A score in short: what a deployment keeps of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScoreSummary {
    /// When, microseconds since 1970 UTC.
    pub at_us: i64,
    /// At least this.
    pub low: Measure,
    /// At most this.
    pub high: Measure,
    /// What it stands for, once it is known.
    pub band: Option<Band>,
    /// Whether that is enough where it is deployed to; none while the score is not known.
    pub permit: Option<Permit>,
    /// What it lacks most: at most [`ScoreSummary::LOST`] entries.
    pub lost: Vec<PointsLost>,
}

impl ScoreSummary {
    /// Lost points that are kept.
    pub const LOST: usize = 3;

    /// The short form of a score.
    pub fn of(score: &Score, permit: Option<Permit>) -> Self {
        Self {
            at_us: score.at_us,
            low: score.low,
            high: score.high,
            band: score.band,
            permit,
            lost: score.lost.iter().take(Self::LOST).cloned().collect(),
        }
    }

    /// The score, once it is known.
    pub fn known(&self) -> Option<Measure> {
        (self.low == self.high).then_some(self.low)
    }

    /// Whether it came to the same, whenever that was.
    pub fn says_the_same(&self, other: &Self) -> bool {
        (self.low, self.high) == (other.low, other.high)
    }

    /// Whether it is high enough. One that is not known never is: a check without data holds it.
    pub fn reach(&self, at_least: u16) -> Reach {
        let wanted = f64::from(at_least);
        match self.known() {
            Some(known) if f64::from(known) >= wanted => Reach::Reached,
            Some(_) => Reach::Below,
            None if f64::from(self.high) < wanted => Reach::Below,
            None => Reach::Unknown,
        }
    }
}

/// Where a score lies beside what it has to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It is high enough.
    Reached,
    /// It is too low, whatever is not known of it.
    Below,
    /// A check without data holds it.
    Unknown,
}

/// A gate that nothing but a person can open: what it asks about has data only once what it keeps shut has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BeyondReach {
    /// The checks without data until then, each with the service that has to run; at least one.
    pub checks: Vec<CheckOf>,
    /// Whether the others alone could reach it, with `no_data: skip` at these.
    pub skip_is_enough: bool,
}

/// A check that asks a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckOf {
    /// Where.
    pub category: CategoryName,
    /// Where in it.
    pub check: CheckName,
    /// Whom it asks.
    pub service: ServiceName,
}

/// As people name it: `health/up`.
impl fmt::Display for CheckOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.category, self.check)
    }
}

/// What a deployment measures the score for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ScoreStage {
    /// To know what it was, and whether the deployment may begin.
    Before,
    /// To know whether it drops, and whether a step may be passed.
    During,
    /// To know what it has become.
    After,
}

/// One entry of `before`: what must be so before a deployment moves anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Before {
    /// The health score is at least this.
    Score(u16),
}

/// As it is written in the file.
impl fmt::Display for Before {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Score(at_least) => write!(f, "score >= {at_least}"),
        }
    }
}

/// The score that a step needs to be passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScoreNeed {
    /// At least this, as measured while the step lasts.
    pub at_least: u16,
    /// What follows of a lower one.
    #[serde(default)]
    pub below: Below,
}

/// What follows where the score is too low for a step. One that is not known always holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Below {
    /// It waits until the score is high enough, or for a person.
    #[default]
    Hold,
    /// It goes back.
    Rollback,
}

impl fmt::Display for Below {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Hold => "hold",
            Self::Rollback => "rollback",
        })
    }
}

/// A gate that asks for a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScoreGate {
    /// At least this.
    pub at_least: u16,
    /// At the end of which step; none before the deployment moves anything.
    pub step: Option<GatedStep>,
}

/// A step of one service that asks for a score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GatedStep {
    /// Whose.
    pub service: ServiceName,
    /// The candidate's share.
    pub to: Percent,
}

/// `score >= 85`; `score >= 90 at 5 % of api`.
impl fmt::Display for ScoreGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "score >= {}", self.at_least)?;
        match &self.step {
            Some(GatedStep { service, to }) => write!(f, " at {to} of {service}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(low: f64, high: f64) -> ScoreSummary {
        ScoreSummary {
            at_us: 0,
            low: Measure::nearest(low),
            high: Measure::nearest(high),
            band: None,
            permit: None,
            lost: Vec::new(),
        }
    }

    #[test]
    fn a_score_that_is_not_known_reaches_nothing_and_may_be_too_low_for_certain() {
        for (low, high, wanted) in [
            (85.0, 85.0, Reach::Reached),
            (84.999_999, 84.999_999, Reach::Below),
            (90.0, 100.0, Reach::Unknown),
            (80.0, 90.0, Reach::Unknown),
            (40.0, 84.0, Reach::Below),
        ] {
            assert_eq!(score(low, high).reach(85), wanted, "{low} to {high}");
        }
    }
}
