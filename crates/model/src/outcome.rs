//! How deployments stand and end.

use serde::{Deserialize, Serialize};

/// Where a deployment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    /// Its rollouts go forward.
    Running,
    /// A person asked it to wait.
    Held,
    /// Everything that must go back is going back.
    Returning,
    /// Promoted; old slots drain.
    Settling,
    /// Ended.
    Ended(Outcome),
    /// Can go neither on nor back without a person.
    Stuck,
}

/// How a deployment ended. Terminal: it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every service runs the new release.
    Promoted,
    /// Some were promoted, others went back.
    PartlyPromoted,
    /// Back at the previous releases.
    RolledBack,
    /// Failed, and no service had a previous release.
    Failed,
    /// It was stuck, and a person gave it up: nobody knows what state it is in.
    Abandoned,
}
