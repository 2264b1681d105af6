//! What people said to a deployment.

use serde::{Deserialize, Serialize};

/// What a person said to a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SaidView {
    /// Who. A halt, a trigger or a score that holds it stands here too.
    pub by: String,
    /// When that was said, microseconds since 1970 UTC.
    pub at_us: i64,
    /// What.
    pub word: Word,
}

/// A person's word to a deployment, as it came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// It begins: never in what was said to one, only beside a reason.
    Began,
    /// It waits.
    Held,
    /// It goes on.
    Resumed,
    /// It goes on without what was left of watching.
    Promoted,
    /// It goes back.
    Aborted,
    /// It goes back for a newer one.
    Superseded,
    /// What failed was tried once more.
    Retried,
    /// What was left was declared done by hand.
    DeclaredDone,
    /// It was let go of as it was.
    Abandoned,
}
