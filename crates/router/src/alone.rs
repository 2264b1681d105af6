//! A router that runs alone: its table comes from a file, and a person splits.
//!
//! A split outlives a restart as long as the file says the same of its service. What gets more is
//! watched by a tripwire, whose way back gives it nothing.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use windlass_control::{
    Direction, Refusal, RouteChange, RouterReply, Split, TableChange, Tripwire, TripwireId,
};
use windlass_model::{Percent, Route, SlotId};

use crate::apply::{Keeper, generation};
use crate::check::invalid;
use crate::core::locked;
use crate::live::Live;

impl Keeper {
    /// Splits a service as a person says.
    pub(crate) fn split(&self, split: &Split) -> RouterReply {
        if self.kept.alone.is_none() {
            return RouterReply::Refused(Refusal::Controlled);
        }
        let live = self.core.live.load_full();
        let change = match change_of(&live, split) {
            Ok(Some(change)) => change,
            Ok(None) => {
                let now = generation(&live, &split.service);
                return RouterReply::Applied([(split.service.clone(), now)].into());
            }
            Err(refusal) => return RouterReply::Refused(refusal),
        };
        let epoch = {
            let held = locked(&self.held);
            if let Err(refusal) = held.check_own() {
                return RouterReply::Refused(refusal);
            }
            if split.again {
                let mut trips = self.trips(&held);
                trips.retain(|trip| trip.took_back.contains(&split.service));
                for trip in trips {
                    self.note_acknowledged(&trip.id);
                }
            }
            held.epoch
        };
        self.apply(epoch, &change)
    }
}

/// The change that a split is; none if it is so already.
fn change_of(live: &Live, split: &Split) -> Result<Option<TableChange>, Refusal> {
    let key = &split.service;
    let entry = live.services.get(key);
    let entry = entry.ok_or_else(|| invalid(format!("{} is not in the file", key.service)))?;
    let route = &entry.route;
    let [one, other] = &route.slots[..] else {
        let message = format!("{} has one origin: there is nothing to split", key.service);
        return Err(invalid(message));
    };
    if ![one.slot, other.slot].contains(&split.slot) {
        return Err(invalid(format!(
            "{} has no slot {}",
            key.service, split.slot
        )));
    }
    if route.weight(split.slot) == split.share {
        return Ok(None);
    }
    let next = shared(route, split.slot, split.share);
    let armed = entry.armed.as_ref().map(|armed| armed.tripwire.slot);
    let watched = newcomer(route, [one.slot, other.slot], armed, &next);
    let gone = [Some(watched), armed]
        .into_iter()
        .flatten()
        .any(|slot| next.weight(slot) == Percent::ZERO);
    let tripwire = Tripwire {
        id: TripwireId(uuid::Uuid::new_v4().simple().to_string()),
        slot: watched,
        errors_above: split.errors_above,
        slower: split.slower,
        way_back: [(key.clone(), shared(route, watched, Percent::ZERO))].into(),
    };
    let change = RouteChange {
        // Taking everything from what is watched is going back: no halt and no disk is in its way.
        direction: if gone {
            Direction::Return
        } else {
            Direction::Raise
        },
        decided_on: split.decided_on,
        route: Some(next),
    };
    Ok(Some(TableChange {
        routes: [(key.clone(), change)].into(),
        tripwires: [(key.clone(), (!gone).then_some(tripwire))].into(),
        relies_on: BTreeMap::new(),
    }))
}

/// Who is watched from a split on. Who is watched already stays so, however its share moves, until it has
/// everything: from then on it is what was there before the next split. Where nobody is, the newcomer
/// is the one with less; of two that have the same, the one that gets more.
fn newcomer(
    route: &Route,
    [one, other]: [SlotId; 2],
    armed: Option<SlotId>,
    next: &Route,
) -> SlotId {
    if let Some(moving) = armed.filter(|slot| route.weight(*slot) < Percent::FULL) {
        return moving;
    }
    let rank = |slot: SlotId| (route.weight(slot), Reverse(next.weight(slot)));
    if rank(one) < rank(other) { one } else { other }
}

/// The same route in which `slot` has `share` and the other one the rest.
fn shared(route: &Route, slot: SlotId, share: Percent) -> Route {
    let mut route = route.clone();
    for one in &mut route.slots {
        one.weight = if one.slot == slot {
            share
        } else {
            share.rest()
        };
    }
    route
}
