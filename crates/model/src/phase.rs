//! Where one service of a deployment stands.

use serde::{Deserialize, Serialize};

/// The phase of one rollout, as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RolloutPhase {
    /// What it needs has not passed yet.
    Waiting,
    /// The displaced standby is being retired.
    Clearing,
    /// The old slot is being stopped first.
    StoppingOld,
    /// Instances start and become ready.
    Starting,
    /// Waits for a person before traffic moves.
    Holding,
    /// A new share is on its way to the routers.
    Shifting,
    /// Watched at a share.
    Baking,
    /// At 100 % and baked.
    Passed,
    /// Promoted; the old slot drains.
    Settling,
    /// Going back.
    Returning,
    /// Promoted and settled.
    Done,
    /// Back where it was.
    Returned,
    /// Can go neither on nor back without a person.
    Stuck,
}
