//! What a person lets a router do with a service's requests.

use serde::{Deserialize, Serialize};
use windlass_model::Millis;

/// Stands before the route of one service, and stays when that changes, also over a restart of the
/// router, until it is opened or the service leaves the table. What is under way goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passage {
    /// Requests go where the route says.
    #[default]
    Open,
    /// They wait until it is opened.
    Paused(Pause),
    /// They are answered 503 with `Windlass-Error: maintenance`.
    Maintenance,
}

impl Passage {
    /// Whether it is what nobody has to say.
    pub fn is_open(&self) -> bool {
        *self == Self::Open
    }
}

/// How requests wait. Those beyond either limit are answered 503 with `Windlass-Error: paused`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// How many at once, per router.
    pub waiting: u32,
    /// How long each.
    pub within: Millis,
}

impl Default for Pause {
    fn default() -> Self {
        Self {
            waiting: 5_000,
            within: Millis::from_secs(30),
        }
    }
}
