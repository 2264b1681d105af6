//! What was seen of candidates, as it is kept for a controller to come.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use windlass_analysis::watch::{Gauge, Watch};
use windlass_control::RouterBoot;
use windlass_model::{DeploymentId, ServiceKey, SlotId};

/// Largest state of one candidate that is kept, in bytes: several times what one of the most shares
/// takes. A larger one is left out, and begins anew where the next controller does.
pub(crate) const STATE_LARGEST: usize = 2 * 1024 * 1024;

/// All candidates, up to one tick.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Remembered {
    /// Whose ticks.
    pub(crate) boot: RouterBoot,
    /// Number and end of the last one that is in it.
    pub(crate) last: (u64, u64),
    /// Each candidate.
    pub(crate) candidates: Vec<One>,
}

/// One candidate.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct One {
    pub(crate) deployment: DeploymentId,
    pub(crate) service: ServiceKey,
    pub(crate) slot: SlotId,
    pub(crate) watch: Box<Watch>,
    /// What was read of it: that it is gone is noticed by whoever goes on.
    #[serde(default)]
    pub(crate) read: BTreeSet<Gauge>,
}

impl Remembered {
    /// What was kept. One that can't be read is as if it had never been: its ticks are read again, as
    /// far as the router has them.
    pub(crate) fn read(state: &str) -> Option<Self> {
        serde_json::from_str(state)
            .inspect_err(|why| tracing::warn!("what was seen before can't be read: {why}"))
            .ok()
    }
}
