//! The health score.

use serde::{Deserialize, Serialize};
use windlass_model::{
    AppName, Band, EnvironmentName, Measure, Permit, Score, ScoreEntry, ScoreGate, ScoreMoment,
    ScoreNeed, ScoreSummary,
};

/// `POST /v1/scores`: what the health score of a file comes to now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScoreView {
    /// Of which application.
    pub app: AppName,
    /// In which environment.
    pub environment: EnvironmentName,
    /// The score.
    pub score: Score,
    /// Whether a deployment there is advised; none while the score is not known.
    pub permit: Option<Permit>,
    /// What was measured before, newest first.
    pub history: Vec<ScoreNote>,
}

/// An earlier score, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScoreNote {
    /// When, microseconds since 1970 UTC.
    pub at_us: i64,
    /// Why.
    pub moment: ScoreMoment,
    /// At least this.
    pub low: Measure,
    /// At most this.
    pub high: Measure,
    /// What it stood for.
    pub band: Option<Band>,
}

impl ScoreNote {
    /// What is told of a score that is kept.
    pub fn of(entry: &ScoreEntry) -> Self {
        let score = &entry.score;
        Self {
            at_us: score.at_us,
            moment: entry.moment.clone(),
            low: score.low,
            high: score.high,
            band: score.band,
        }
    }
}

/// `GET /v1/environments/{app}/{environment}/scores`: scores that were measured, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScoreList {
    /// At most a hundred.
    pub scores: Vec<ScoreEntry>,
}

/// The health score around a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeploymentScore {
    /// What it had to be before anything moved, if anything was asked for.
    pub needed: Option<u16>,
    /// What it was then; none while it is measured.
    pub before: Option<ScoreSummary>,
    /// What it had become when all was done.
    pub after: Option<ScoreSummary>,
    /// The gates that keep it from going on now.
    pub shut: Vec<ScoreGate>,
}

/// The health score of a step that needs one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepScoreView {
    /// What it needs.
    pub need: ScoreNeed,
    /// What was measured last while it lasts.
    pub measured: Option<ScoreSummary>,
    /// Whether that keeps it from being passed.
    pub is_shut: bool,
}
