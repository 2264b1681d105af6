//! What a person let go past the checks that were asked for.

use serde::{Deserialize, Serialize};

use crate::{Millis, Percent, ScoreGate, Verdict};

/// What was left out of a service's way to promotion because a person said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Past {
    /// Who said so.
    pub by: String,
    /// The candidate's confirmed share at that time.
    pub at: Percent,
    /// Time of bakes that was left out, of this step and of later ones; as last journalled, so that it may
    /// be a few seconds too long.
    pub bake: Millis,
    /// Shares below 100 % that were left out.
    pub steps: Vec<Percent>,
    /// The scores that steps asked for and that were not looked at any more.
    #[serde(default)]
    pub scores: Vec<ScoreGate>,
    /// The evidence that was asked for and not there.
    pub evidence: Option<Lacking>,
}

/// Evidence that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Lacking {
    /// What the candidate's answers said instead.
    pub verdict: Verdict,
    /// About how many more requests to the candidate were needed, where that could be told.
    pub more_requests: Option<u64>,
}
