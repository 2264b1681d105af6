//! What the script of a command target has brought: Windlass routes nothing to it, so only the script can say
//! what is live.

use serde::{Deserialize, Serialize};
use windlass_model::{ServiceName, Version};

/// What is live of a service that a script deploys, by its last word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BroughtView {
    /// What is live.
    pub state: Brought,
    /// Which version, where that is known.
    pub version: Option<Version>,
    /// Whether its `status` said so; else the end of a run did, or a person.
    pub by_status: bool,
    /// Who said so, where that is a person's word alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_by: Option<String>,
}

/// The states that a `status` can tell, and that nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Brought {
    /// A version is live.
    Live,
    /// None is.
    Absent,
    /// A run is under way, or what it began is.
    Moving,
    /// Nobody knows: a run failed, and nothing has said since what it has left.
    Unknown,
}

impl BroughtView {
    /// `legacy 7 (its `status` said so)`.
    pub fn words(&self, service: &ServiceName) -> String {
        let version = self.version.as_ref().map(|version| format!(" {version}"));
        let named = format!("{service}{}", version.unwrap_or_default());
        if let (Brought::Live, Some(by)) = (self.state, &self.said_by) {
            return format!("{named} ({by} said so)");
        }
        match (self.state, self.by_status) {
            (Brought::Live, true) => format!("{named} (its `status` said so)"),
            (Brought::Live, false) => format!("{named} (the script that brought it ended well)"),
            (Brought::Absent, _) => format!("nothing of {service} (its `status` said so)"),
            (Brought::Moving, true) => format!("{service} moves (its `status` said so)"),
            (Brought::Moving, false) => format!("{service} moves (its script runs)"),
            (Brought::Unknown, _) => {
                format!(
                    "not known of {service} (only its script knows: Windlass serves none of it)"
                )
            }
        }
    }
}
