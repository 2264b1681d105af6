//! Places of releases, and what runs there.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::{InstanceId, Release, ServiceSpec, SlotId};

/// The place of one release of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Slot {
    /// Which one.
    pub id: SlotId,
    /// The label it bears while it carries traffic or may get it back.
    pub label: Label,
    /// What runs here.
    pub release: Release,
    /// How it was asked to run; a return or a restart goes by this, not by today's file.
    pub spec: ServiceSpec,
    /// Its running copies.
    pub instances: Vec<Instance>,
}

/// One running copy of a release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Instance {
    /// Minted before it starts.
    pub id: InstanceId,
    /// The host it runs on: `local` here.
    pub place: String,
    /// Where it listens (PORT), allotted before it starts.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub address: SocketAddr,
}

/// The label of a slot that may carry traffic; at most two at a time per service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// One of the two.
    Blue,
    /// The other.
    Green,
}

impl Label {
    /// The one that `self` is not.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Blue => Self::Green,
            Self::Green => Self::Blue,
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Blue => "blue",
            Self::Green => "green",
        })
    }
}
