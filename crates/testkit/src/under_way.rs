//! Requests under way at the router: how long they go on, and what ends them.

use std::collections::BTreeMap;

use windlass_edge::EdgeError;
use windlass_model::{Epoch, Millis, Percent, Route, ServiceKey, SlotId};

use crate::errors;
use crate::front::{Entry, Front};

/// Requests that a slot with any share is carrying.
const OPEN: u64 = 3;

impl Front {
    /// From now on requests go on for so long after their slot gets no new ones.
    pub fn requests_take(&self, time: Millis) {
        self.decays_in.set(time);
    }

    pub(crate) fn in_flight(&self, entry: &Entry, slot: SlotId) -> u64 {
        let over = entry
            .ends
            .get(&slot)
            .is_none_or(|end| self.time.now() >= *end);
        if entry.route.weight(slot) > Percent::ZERO || !over {
            OPEN
        } else {
            0
        }
    }

    /// Ends what is open on a slot that gets no traffic.
    pub(crate) fn cut(
        &self,
        epoch: Epoch,
        service: &ServiceKey,
        slot: SlotId,
    ) -> Result<u64, EdgeError> {
        self.hear(epoch)?;
        let mut entries = self.entries.borrow_mut();
        let Some(entry) = entries.get_mut(service) else {
            return Ok(0);
        };
        if entry.route.weight(slot) > Percent::ZERO {
            return Err(errors::conflict(format!(
                "slot {slot} of {service} gets traffic"
            )));
        }
        let open = self.in_flight(entry, slot);
        entry.ends.insert(slot, self.time.now());
        Ok(open)
    }

    /// When the last requests of slots that get no more end.
    pub(crate) fn ends(&self, before: &Entry, now: &Route) -> BTreeMap<SlotId, Millis> {
        let mut ends = before.ends.clone();
        for slot in &before.route.slots {
            if slot.weight > Percent::ZERO && now.weight(slot.slot) == Percent::ZERO {
                ends.insert(slot.slot, self.time.now().plus(self.decays_in.get()));
            }
        }
        ends
    }
}
