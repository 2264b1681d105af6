//! A router whose place another one has taken: it takes nothing new, and ends what it carries.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use windlass_model::InstanceId;

use crate::core::Core;
use crate::limits::DRAIN_TIME;
use crate::live::is_probed;

/// Whether it has begun to leave, and how long what is open may take then.
pub(crate) struct Leaving {
    is: AtomicBool,
    within: watch::Sender<Option<Duration>>,
}

impl Leaving {
    pub(crate) fn new() -> Self {
        Self {
            is: AtomicBool::new(false),
            within: watch::Sender::new(None),
        }
    }
}

impl Core {
    /// Makes each answer from now on the last of its connection.
    pub(crate) fn answer_the_last(&self) {
        self.leaving.is.store(true, Ordering::SeqCst);
    }

    /// Begins to leave: what is open has `within` to end. Connections that rest are not closed at once,
    /// for a request may be on its way: each takes one more.
    pub(crate) fn leave(&self, within: Duration) {
        self.answer_the_last();
        self.leaving.within.send_replace(Some(within));
        // No duplicate of a socket stays here, so that the other one can close it.
        self.doors.send_replace(Arc::default());
        self.told.send_replace(Arc::default());
    }

    /// Whether it has begun to leave.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.is.load(Ordering::Relaxed)
    }

    /// Returns when it begins to leave.
    pub(crate) async fn left(&self) {
        let mut within = self.leaving.within.subscribe();
        // An error would be a core that is gone.
        drop(within.wait_for(Option::is_some).await);
    }

    /// Time that what is open has at the end.
    pub(crate) fn drain_time(&self) -> Duration {
        self.leaving.within.borrow().unwrap_or(DRAIN_TIME)
    }

    /// Instances whose probes are good.
    pub(crate) fn ready(&self) -> BTreeSet<InstanceId> {
        let live = self.live.load();
        let slots = live.services.values().flat_map(|entry| &entry.slots);
        let ready = slots
            .flat_map(|slot| &slot.instances)
            .filter(|i| i.is_ready());
        ready.map(|instance| instance.id.clone()).collect()
    }

    /// Holds nothing for ready that probes have not seen so.
    pub(crate) fn doubt(&self) {
        self.believe(false);
    }

    /// Holds everything for ready until probes see something else, as a router that begins does.
    pub(crate) fn trust(&self) {
        self.believe(true);
    }

    fn believe(&self, ready: bool) {
        let live = self.live.load();
        let slots = live.services.values().flat_map(|entry| &entry.slots);
        for slot in slots.filter(|slot| is_probed(&slot.probe)) {
            for instance in &slot.instances {
                instance.set_ready(ready);
            }
        }
    }
}
