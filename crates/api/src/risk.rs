//! What the past says of a planned deployment.

use serde::{Deserialize, Serialize};
use windlass_model::{Measure, whole};

/// How likely a deployment is to fail, as far as the past of its environment can tell. It advises, and decides
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RiskView {
    /// Deployments that it rests on.
    pub deployments: u32,
    /// Those among them that were not promoted.
    pub failed: u32,
    /// What was learned of them; none where that would have foretold the past no better than the plain rate.
    pub learned: Option<LearnedRisk>,
}

/// What was learned of the past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LearnedRisk {
    /// The chance, in per cent.
    #[serde(serialize_with = "whole")]
    pub percent: Measure,
    /// 80 % of what the past leaves open lies above this.
    #[serde(serialize_with = "whole")]
    pub at_least: Measure,
    /// And below this.
    #[serde(serialize_with = "whole")]
    pub at_most: Measure,
    /// Whether there were enough failures to take it for a frequency.
    pub calibrated: bool,
    /// What it rests on, the strongest first.
    pub reasons: Vec<RiskReason>,
}

/// What one thing adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RiskReason {
    /// What.
    pub name: String,
    /// To the log of the odds; above zero is riskier than usual.
    #[serde(serialize_with = "whole")]
    pub adds: Measure,
}
