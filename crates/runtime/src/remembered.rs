//! What was seen of candidates, as it is kept for a controller to come.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use windlass_analysis::watch::{Gauge, Watch};
use windlass_control::RouterBoot;
use windlass_model::{DeploymentId, LATENCY_EDGES_US, ServiceKey, SlotId};

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
    /// Edges of the histograms in it: those of another version of this program say nothing here.
    #[serde(default)]
    pub(crate) edges: usize,
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
    /// What was kept. One that can't be read, or counted by other edges, is as if it had never been: its ticks are read again, as
    /// far as the router has them.
    pub(crate) fn read(state: &str) -> Option<Self> {
        let read: Self = serde_json::from_str(state)
            .inspect_err(|why| tracing::warn!("what was seen before can't be read: {why}"))
            .ok()?;
        (read.edges == LATENCY_EDGES_US.len()).then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_by_other_edges_is_as_if_it_had_never_been() {
        let kept = |edges: usize| {
            let kept = Remembered {
                boot: RouterBoot("one".to_owned()),
                last: (7, 700),
                edges,
                candidates: Vec::new(),
            };
            serde_json::to_string(&kept).expect("a text")
        };
        assert!(Remembered::read(&kept(LATENCY_EDGES_US.len())).is_some());
        assert!(Remembered::read(&kept(61)).is_none());
        let before = kept(61).replace("\"edges\":61,", "");
        assert!(Remembered::read(&before).is_none(), "{before}");
    }
}
