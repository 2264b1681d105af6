//! A program that a release runs and that is not kept with it.

use serde::{Deserialize, Serialize};

use crate::Digest;

/// A program from PATH or another place outside of the file's folder, as it was when the release was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Program {
    /// Where it was found.
    pub path: String,
    /// What it was.
    pub sha256: Digest,
}

/// The program outside of the folder that is another one in the later of two releases: that would make them two
/// if nothing else did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OtherProgram {
    /// That of the release that serves.
    pub was: Program,
    /// That of the new one.
    pub now: Program,
}
