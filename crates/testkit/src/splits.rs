//! Every split there ever was.

use std::collections::{BTreeMap, BTreeSet};

use windlass_control::{Direction, Generation};
use windlass_model::{Epoch, Label, Millis, Route, RouteMode, ServiceKey, SlotId};

/// One change of one service's route, as it took effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// When, since the world began.
    pub at: Millis,
    /// Whose controller asked.
    pub epoch: Epoch,
    /// Which service.
    pub service: ServiceKey,
    /// The generation it made.
    pub generation: Generation,
    /// Whether it raised or returned.
    pub direction: Direction,
    /// What is in effect from here on; none: nothing.
    pub route: Option<Route>,
    /// Slots that get more from here on although none of their instances was ready lately.
    pub without_capacity: Vec<SlotId>,
}

impl Split {
    /// Shares per slot.
    pub fn weights(&self) -> BTreeMap<SlotId, u8> {
        let slots = self.route.iter().flat_map(|route| &route.slots);
        slots.map(|slot| (slot.slot, slot.weight.get())).collect()
    }
}

/// What is wrong with `route` as an entry of a table; none: it is valid.
pub(crate) fn invalid(route: &Route) -> Option<String> {
    if route.listeners.is_empty() {
        return Some("a route needs a listener".to_owned());
    }
    let mut sum = 0_u32;
    for slot in &route.slots {
        sum += u32::from(slot.weight.get());
        if slot.instances.is_empty() {
            return Some(format!("slot {} has no instance", slot.slot));
        }
    }
    let slots: BTreeSet<SlotId> = route.slots.iter().map(|slot| slot.slot).collect();
    if slots.len() != route.slots.len() {
        return Some("a slot is named twice".to_owned());
    }
    let labels: BTreeSet<Label> = route.slots.iter().map(|slot| slot.label).collect();
    if labels.len() != route.slots.len() {
        return Some("two slots bear one label".to_owned());
    }
    match route.mode {
        RouteMode::Serve if sum != 100 => Some(format!("the weights add up to {sum}, not 100")),
        RouteMode::Recreating if sum != 0 => Some(format!("a closed route has weight {sum}")),
        RouteMode::Serve | RouteMode::Recreating => None,
    }
}
