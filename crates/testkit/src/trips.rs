//! What the router takes back by itself.

use std::cell::RefCell;

use windlass_control::{Direction, Generation, RouteChange, Trip, TripRule, Tripwire, TripwireId};
use windlass_edge::EdgeError;
use windlass_model::{Epoch, Percent, Route, ServiceKey};

use crate::errors;
use crate::front::Front;

/// Trips that the controller has not journalled, and tripwires that could not go back.
#[derive(Debug, Default)]
pub(crate) struct Trips {
    kept: RefCell<Vec<Trip>>,
}

impl Trips {
    pub(crate) fn all(&self) -> Vec<Trip> {
        self.kept.borrow().clone()
    }

    pub(crate) fn put(&self, trip: Trip) {
        let mut kept = self.kept.borrow_mut();
        kept.retain(|known| known.id != trip.id);
        kept.push(trip);
    }

    pub(crate) fn forget(&self, id: &TripwireId) {
        self.kept.borrow_mut().retain(|known| known.id != *id);
    }

    pub(crate) fn clear(&self) {
        self.kept.borrow_mut().clear();
    }

    /// A raise of what was taken back waits until the controller knows of it.
    pub(crate) fn refuse_raise(&self, key: &ServiceKey) -> Option<EdgeError> {
        let kept = self.kept.borrow();
        let trip = kept.iter().find(|trip| trip.took_back.contains(key))?;
        let why = format!("{key}: tripwire {} has fired", trip.id.0);
        Some(errors::conflict(why))
    }
}

/// A trip of `wire`, armed on `service`; `withheld` names who has nothing ready to go back to.
pub(crate) fn trip(
    service: &ServiceKey,
    wire: &Tripwire,
    seen: Seen,
    withheld: Option<ServiceKey>,
) -> Trip {
    let took_back = if withheld.is_none() {
        wire.way_back.keys().cloned().collect()
    } else {
        Vec::new()
    };
    Trip {
        id: wire.id.clone(),
        service: service.clone(),
        slot: wire.slot,
        rule: seen.rule,
        answers: seen.answers,
        errors: seen.errors,
        slow: 0,
        at_us: seen.at_us,
        took_back,
        withheld,
    }
}

/// What a tripwire saw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) rule: TripRule,
    pub(crate) answers: u64,
    pub(crate) errors: u64,
    pub(crate) at_us: i64,
}

/// Whether the slot that `wire` watches still has a share.
pub(crate) fn watches_something(wire: &Tripwire, route: &Route) -> bool {
    route.weight(wire.slot) > Percent::ZERO
}

impl Front {
    /// The tripwire that is armed on `service`.
    pub fn armed(&self, service: &ServiceKey) -> Option<Tripwire> {
        let entries = self.entries.borrow();
        entries.get(service).and_then(|e| e.tripwire.clone())
    }

    /// Trips that are not acknowledged.
    pub fn trips(&self) -> Vec<Trip> {
        self.trips.all()
    }

    /// Lets the tripwire that is armed on `service` see so many answers and errors, and fire.
    pub fn trip(&self, service: &ServiceKey, answers: u64, errors: u64) {
        self.fire(service, TripRule::Errors, (answers, errors));
    }

    pub(crate) fn fire(&self, service: &ServiceKey, rule: TripRule, seen: (u64, u64)) {
        let Some(wire) = self.armed(service) else {
            return;
        };
        let seen = Seen {
            rule,
            answers: seen.0,
            errors: seen.1,
            at_us: self.time.calendar_us(),
        };
        let nobody = |(key, route): &(&ServiceKey, &Route)| {
            let raised = self.raised(key, route);
            raised
                .into_iter()
                .any(|slot| self.answering(slot).is_empty())
        };
        let withheld = wire
            .way_back
            .iter()
            .find(nobody)
            .map(|(key, _)| key.clone());
        let trip = trip(service, &wire, seen, withheld);
        if trip.withheld.is_none() {
            for (key, route) in wire.way_back {
                let change = RouteChange {
                    direction: Direction::Return,
                    decided_on: Generation::default(),
                    route: Some(route),
                };
                if self.route(&key) != change.route {
                    self.swap(self.epoch.get(), key.clone(), change);
                    if let Some(entry) = self.entries.borrow_mut().get_mut(&key) {
                        entry.took_back = true;
                    }
                }
            }
            self.disarm_pointless();
        }
        self.trips.put(trip);
    }

    /// Fires what watches a candidate of which nothing is ready any more; whether anything is armed.
    pub(crate) fn look_after_tripwires(&self) -> bool {
        let armed: Vec<(ServiceKey, bool)> = {
            let entries = self.entries.borrow();
            let armed = entries.iter().filter_map(|(key, entry)| {
                let wire = entry.tripwire.as_ref()?;
                let slot = entry.route.slots.iter().find(|s| s.slot == wire.slot)?;
                Some((key.clone(), self.answering(slot).is_empty()))
            });
            armed.collect()
        };
        if !self.gone.get() {
            for (key, _) in armed.iter().filter(|(_, gone)| *gone) {
                self.fire(key, TripRule::InstancesGone, (0, 0));
            }
        }
        !armed.is_empty()
    }

    pub(crate) fn acknowledge(&self, epoch: Epoch, trip: &TripwireId) -> Result<(), EdgeError> {
        self.hear(epoch)?;
        self.trips.forget(trip);
        Ok(())
    }
}
