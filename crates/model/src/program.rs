//! A program that a release runs and that is not kept with it.

use serde::{Deserialize, Serialize};

use crate::Digest;

/// A program from PATH, as it was when the release was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Program {
    /// Where it was found.
    pub path: String,
    /// What it was.
    pub sha256: Digest,
}

/// Two releases that run another program from PATH: that alone makes them two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OtherProgram {
    /// That of the release that serves.
    pub was: Program,
    /// That of the new one.
    pub now: Program,
}
