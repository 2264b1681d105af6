//! The health score.

use serde::{Deserialize, Serialize};
use windlass_model::{
    AppName, Band, BeyondReach, EnvironmentName, Measure, Permit, Score, ScoreEntry, ScoreGate,
    ScoreMoment, ScoreNeed, ScoreSummary,
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
    /// Since when the first of these is shut, microseconds since 1970 UTC; none while all are open.
    #[serde(default)]
    pub shut_since_us: Option<i64>,
    /// Why the gate before anything moves can't open by itself, while it is shut for that.
    #[serde(default)]
    pub beyond_reach: Option<BeyondReach>,
    /// The gates that people let go, in order: told for as long as the deployment is known.
    #[serde(default)]
    pub let_go: Vec<LetGo>,
}

/// A gate that a person let go, although the score was not as high as it asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LetGo {
    /// Who.
    pub by: String,
    /// When, microseconds since 1970 UTC.
    pub at_us: i64,
    /// What was asked for, and where.
    pub gate: ScoreGate,
    /// What was measured last.
    pub score: Option<ScoreSummary>,
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

/// Points with one figure behind the point, rounded down: what is shown as 95 is 95.
pub fn points(points: Measure) -> String {
    // A measure has six figures behind the point, so that this much is never one.
    const LESS_THAN_ANY: f64 = 1e-7;
    let tenths = (f64::from(points) * 10.0 + LESS_THAN_ANY).floor();
    format!("{}", tenths / 10.0)
}

/// The bare figure, or where it lies.
pub fn score_number(score: &ScoreSummary) -> String {
    match score.known() {
        Some(known) => points(known),
        None => format!("{} to {}", points(score.low), points(score.high)),
    }
}

/// What keeps a deployment from going on: "the score is 80, and score >= 85 is asked for".
pub fn score_shut(gate: &ScoreGate, score: &ScoreSummary) -> String {
    let number = score_number(score);
    match score.known() {
        Some(_) => format!("the score is {number}, and {gate} is asked for"),
        None => format!("the score is not known ({number}), and {gate} is asked for"),
    }
}
