//! What is kept so that it can be started again years later.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Digest, harmless};

/// One kept release of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Release {
    /// What people call it.
    pub version: Version,
    /// Artefact digest and hash of what the process sees, together.
    pub identity: Digest,
    /// Digest of the files alone; the name of its folder below `STATE/releases/`.
    pub artefact: Digest,
}

/// A version: `release.version` of the file, or the first ten hex digits of the identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Version(pub String);

/// For people: nothing in it is obeyed.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&harmless(&self.0))
    }
}
