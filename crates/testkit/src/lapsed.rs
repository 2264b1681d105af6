//! What a router's own probes saw of instances that had been ready.

use std::cell::RefCell;
use std::collections::BTreeMap;

use windlass_control::{Lapses, ObservedSlot};
use windlass_model::{InstanceId, RouteSlot};

use crate::front::{Entry, Front};

/// How instances lapsed in this life of the router.
#[derive(Debug, Default)]
pub(crate) struct Lapsed {
    all: RefCell<BTreeMap<InstanceId, Lapses>>,
}

impl Lapsed {
    pub(crate) fn is_open(&self, instance: &InstanceId) -> bool {
        let all = self.all.borrow();
        all.get(instance).is_some_and(Lapses::is_open)
    }

    pub(crate) fn of(&self, slot: &RouteSlot) -> BTreeMap<InstanceId, Lapses> {
        let all = self.all.borrow();
        let ids = slot.instances.iter().map(|i| i.id.clone());
        ids.filter_map(|id| Some((id.clone(), all.get(&id)?.clone())))
            .collect()
    }

    pub(crate) fn forget(&self) {
        self.all.borrow_mut().clear();
    }
}

impl Front {
    pub(crate) fn answering(&self, slot: &RouteSlot) -> Vec<InstanceId> {
        let ids = slot.instances.iter().map(|i| i.id.clone());
        ids.filter(|id| self.host.is_ready(id) && !self.lapsed.is_open(id))
            .collect()
    }

    pub(crate) fn observed(&self, entry: &Entry, slot: &RouteSlot) -> ObservedSlot {
        ObservedSlot {
            in_flight: self.in_flight(entry, slot.slot),
            ready: self.answering(slot),
            lapses: self.lapsed.of(slot),
        }
    }

    /// Its probes see that an instance is ready no more, and with which answer.
    pub fn lapse(&self, instance: &InstanceId, saw: &str) {
        let mut all = self.lapsed.all.borrow_mut();
        let known = all.remove(instance);
        let lapsed = Lapses::begun(known, saw.to_owned(), self.time.calendar_us());
        all.insert(instance.clone(), lapsed);
    }

    /// They see that it is ready again.
    pub fn recover(&self, instance: &InstanceId) {
        let mut all = self.lapsed.all.borrow_mut();
        if let Some(known) = all.remove(instance) {
            let over = known.ended_at(self.time.calendar_us());
            all.insert(instance.clone(), over);
        }
    }
}
