//! A router that runs alone: its table comes from a file, and a person splits.
//!
//! A split outlives a restart as long as the file says the same of its service. What gets more is
//! watched by a tripwire, whose way back gives it nothing.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;

use windlass_control::{
    Direction, Refusal, RouteChange, RouterReply, Split, TableChange, Tripwire, TripwireId,
};
use windlass_model::{Percent, Route, ServiceKey, SlotId};

use crate::apply::{Keeper, generation};
use crate::check::{
    check_capacity, check_certificates, check_listeners, check_route, checked, invalid,
};
use crate::core::locked;
use crate::live::{Entry, Live, Services};
use crate::run::RouterError;

impl Keeper {
    /// Binds what the file names and puts it in effect.
    pub(crate) fn serve_alone(&self, file: BTreeMap<ServiceKey, Route>) -> Result<(), RouterError> {
        let mut held = locked(&self.held);
        let live = self.core.live.load_full();
        let before = held.file.take().unwrap_or_default();
        let services = file.iter().map(|(key, route)| {
            let kept = live.services.get(key);
            let entry = match kept.filter(|_| before.get(key) == Some(route)) {
                Some(kept) => kept.clone(),
                None => Arc::new(self.of_file(&live, key, route).map_err(told)?),
            };
            Ok((key.clone(), entry))
        });
        let services: Services = services.collect::<Result<_, RouterError>>()?;
        held.file = Some(file);
        let named = services.values().flat_map(|entry| &entry.route.listeners);
        for address in named.map(|listen| listen.address) {
            if held.listeners.contains_key(&address) {
                continue;
            }
            let listener = TcpListener::bind(address)
                .map_err(|source| RouterError::Address { address, source })?;
            let listener = checked(address, listener.into()).map_err(told)?;
            held.listeners.insert(address, Arc::new(listener));
        }
        check_listeners(&services, |address| held.listeners.contains_key(&address))
            .map_err(told)?;
        let kept = self.kept.disk.save(&held.table(&services));
        kept.map_err(|source| RouterError::Folder {
            path: self.kept.disk.path(),
            source,
        })?;
        self.core.swap(services);
        self.publish(&held);
        Ok(())
    }

    fn of_file(&self, live: &Live, key: &ServiceKey, route: &Route) -> Result<Entry, Refusal> {
        check_route(key, route)?;
        let mut next = generation(live, key);
        next.0 = next.0.saturating_add(1);
        let entry = self.core.entry(key, next, route.clone(), None);
        check_capacity(key, None, &entry, false)?;
        check_certificates(key, &entry)?;
        Ok(entry)
    }

    /// Splits a service as a person says.
    pub(crate) fn split(&self, split: &Split) -> RouterReply {
        if !self.kept.alone {
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

fn told(refusal: Refusal) -> RouterError {
    RouterError::File(match refusal {
        Refusal::Invalid(what) => what,
        other => format!("{other:?}"),
    })
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
