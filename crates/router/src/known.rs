//! States of services and slots by name, so that one that comes back finds its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use windlass_model::{ServiceKey, SlotId, Version};

use crate::limits::{GONE_SLOTS, GONE_TIME};
use crate::live::{ServiceState, SlotState};
use crate::ticks::Cell;

/// All that is remembered.
#[derive(Default)]
pub(crate) struct Known {
    services: BTreeMap<ServiceKey, Arc<ServiceState>>,
    /// The file of a router that runs alone may give a slot another version.
    slots: BTreeMap<(ServiceKey, SlotId, Version), Slot>,
}

struct Slot {
    state: Arc<SlotState>,
    /// Since when no table and no request holds it.
    gone: Option<Instant>,
}

impl Slot {
    /// Whether it is remembered after this look.
    fn stays(&mut self, held: bool, now: Instant, is_room: bool) -> bool {
        if held {
            self.gone = None;
            return true;
        }
        let gone = *self.gone.get_or_insert(now);
        is_room && now.saturating_duration_since(gone) < GONE_TIME
    }
}

impl Known {
    /// The state of a service, made with the first call.
    pub(crate) fn service(&mut self, key: &ServiceKey, shards: usize) -> Arc<ServiceState> {
        let state = self.services.entry(key.clone());
        let state = state.or_insert_with(|| Arc::new(ServiceState::new(key.clone(), shards)));
        state.clone()
    }

    /// The state of a slot, likewise.
    pub(crate) fn slot(
        &mut self,
        key: &ServiceKey,
        (slot, version): (SlotId, &Version),
        shards: usize,
    ) -> Arc<SlotState> {
        let known = self.slots.entry((key.clone(), slot, version.clone()));
        let known = known.or_insert_with(|| {
            let state = SlotState::new(key.clone(), slot, version.clone(), shards);
            let state = Arc::new(state);
            Slot { state, gone: None }
        });
        known.state.clone()
    }

    /// The states of a slot, in a table or not.
    pub(crate) fn of_slot(
        &self,
        service: &ServiceKey,
        slot: SlotId,
    ) -> impl Iterator<Item = &Arc<SlotState>> {
        let all = self.slots.iter();
        let of = all.filter(move |((key, id, _), _)| key == service && *id == slot);
        of.map(|(_, known)| &known.state)
    }

    /// The states of all slots there are.
    pub(crate) fn slots(&self) -> impl Iterator<Item = &Arc<SlotState>> {
        self.slots.values().map(|known| &known.state)
    }

    /// The states of all slots of `services`, by name.
    pub(crate) fn slots_of(&self, services: &BTreeSet<ServiceKey>) -> Vec<Arc<SlotState>> {
        let all = self.slots.iter();
        let of = all.filter(|((key, ..), _)| services.contains(key));
        of.map(|(_, known)| known.state.clone()).collect()
    }

    /// Takes what was counted, and forgets who is in no table, once nothing is open there: a slot only
    /// some time later, so that whoever reads its totals now and then has read the last ones.
    pub(crate) fn tick(&mut self, now: Instant) -> Vec<Cell> {
        let mut cells = Vec::new();
        let gone = self.slots.values().filter(|slot| slot.gone.is_some());
        let is_room = gone.count() <= GONE_SLOTS;
        // Held by a table or a request: read before the counts are taken, so that nothing can
        // be counted after that by somebody who was not seen.
        self.slots.retain(|_, slot| {
            let state = &slot.state;
            let held = Arc::strong_count(state) > 1;
            let (sum, share) = state.dealing.tick(&state.counts);
            let who = &state.who;
            cells.extend(sum.map(|sum| Cell::new(who, share, sum)));
            slot.stays(held, now, is_room)
        });
        self.services.retain(|_, state| {
            let held = Arc::strong_count(state) > 1;
            let sum = state.own.take();
            cells.extend(sum.map(|sum| Cell::new(&state.who, None, sum)));
            held
        });
        cells
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn key() -> ServiceKey {
        ServiceKey::try_from("shop/default/web".to_owned()).expect("a key")
    }

    fn number(known: &Known) -> usize {
        known.slots_of(&[key()].into()).len()
    }

    #[test]
    fn a_slot_that_is_gone_is_remembered_for_some_time_and_finds_its_counts() {
        let mut known = Known::default();
        let version = Version("1".to_owned());
        let mut now = Instant::now();
        let take = |known: &mut Known| known.slot(&key(), (SlotId(1), &version), 1);
        let state = take(&mut known);
        state.counts.retried(0);
        drop(state);
        assert!(known.tick(now).is_empty());
        now += GONE_TIME.saturating_sub(Duration::from_secs(1));
        known.tick(now);
        assert_eq!(take(&mut known).counts.total().retries, 1);
        let held = take(&mut known);
        known.tick(now + GONE_TIME);
        assert_eq!(number(&known), 1, "it is held");
        drop(held);
        known.tick(now + GONE_TIME);
        known.tick(now + GONE_TIME * 2);
        assert_eq!(number(&known), 0);
    }

    #[test]
    fn another_version_in_a_slot_has_counts_of_its_own() {
        let mut known = Known::default();
        let (one, two) = (Version("1".to_owned()), Version("2".to_owned()));
        let _one = known.slot(&key(), (SlotId(1), &one), 1);
        let second = known.slot(&key(), (SlotId(1), &two), 1);
        let said = second.who.slot.as_ref().map(|(_, version)| version);
        assert_eq!(said, Some(&two));
        assert_eq!(known.of_slot(&key(), SlotId(1)).count(), 2);
    }

    #[test]
    fn so_many_are_remembered_at_most() {
        let mut known = Known::default();
        let version = Version("1".to_owned());
        let now = Instant::now();
        for slot in 0..=u32::try_from(GONE_SLOTS).expect("few") {
            drop(known.slot(&key(), (SlotId(slot), &version), 1));
        }
        known.tick(now);
        assert_eq!(number(&known), GONE_SLOTS + 1);
        known.tick(now);
        assert_eq!(number(&known), 0);
    }
}
