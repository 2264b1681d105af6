//! A slot, and the copies that run in it.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use windlass_model::{Digest, InstanceId, Label, Percent, SlotId, Version};

/// One slot and what runs in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlotView {
    /// Which.
    pub slot: SlotId,
    /// Its label.
    pub label: Label,
    /// The version.
    pub version: Version,
    /// The digest of its files: what their folder in `releases` of the state directory is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub artefact: Option<Digest>,
    /// The share that the router has in effect; none when the router can't be asked.
    pub weight: Option<Percent>,
    /// Requests under way.
    pub in_flight: Option<u64>,
    /// Whether a script brought it, so that nothing of it need run and it listens nowhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub script: bool,
    /// Its copies.
    pub instances: Vec<InstanceView>,
}

impl SlotView {
    /// Whether one of its copies may take a request: it is ready, or nobody could ask it.
    pub fn may_answer(&self) -> bool {
        self.instances.iter().any(InstanceView::may_answer)
    }
}

/// One running copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstanceView {
    /// Which.
    pub id: InstanceId,
    /// Where it listens.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub address: SocketAddr,
    /// `running`, `not ready`, `not listening`, `exited 1`, `killed 9`, `absent`, `unknown`.
    pub state: String,
    /// Its process: that of the program itself, and not of what keeps it. None where nothing runs, and of what
    /// runs elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Times that its keeper on the machine has started it again, since that keeper began. `restarted` of
    /// its service counts what was noted in the last 24 hours, by any keeper.
    pub restarts: u32,
    /// Why it can't be started again, while that is tried.
    #[serde(default)]
    pub trouble: Option<String>,
}

impl InstanceView {
    /// Whether it may take a request: it is ready, or nobody could ask it.
    pub fn may_answer(&self) -> bool {
        matches!(self.state.as_str(), "running" | "live" | "unknown")
    }

    /// Whether its process lives, whatever it answers; or what a command brought is live.
    pub fn runs(&self) -> bool {
        matches!(
            self.state.as_str(),
            "running" | "not ready" | "not listening" | "live"
        )
    }
}
