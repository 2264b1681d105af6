//! Taking services back by itself: what happens when a tripwire fires.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use windlass_control::{Generation, Refusal, Trip, TripRule, TripwireId};
use windlass_model::{Epoch, ServiceKey};

use crate::apply::{Held, Keeper};
use crate::core::{Core, locked, now_us};
use crate::latch::Latches;
use crate::live::{Entry, Live, Services};
use crate::watch::Armed;

/// A trip that could not go back, for the controller to see.
pub(crate) struct Withheld {
    trip: Trip,
    /// The controller has journalled it.
    acknowledged: bool,
}

impl Keeper {
    /// Takes back what tripwires have caught, each time the alarm rings, until the router ends.
    pub(crate) fn watch(&self) {
        while self.core.alarm.wait() {
            self.look();
        }
    }

    /// Looks at every tripwire once.
    fn look(&self) {
        let mut held = locked(&self.held);
        if held.is_given_away {
            return;
        }
        let mut looked_at = BTreeSet::new();
        let mut withheld = BTreeSet::new();
        loop {
            let live = self.core.live.load_full();
            let mut all = live.services.iter();
            let due = all.find_map(|(key, entry)| {
                let armed = entry.armed.as_ref()?;
                let rule = fired(entry, armed)?;
                (!looked_at.contains(key)).then_some((key, armed, rule))
            });
            let Some((key, armed, rule)) = due else {
                break;
            };
            looked_at.insert(key.clone());
            if !self.trip(&mut held, &live, trip_of(key, armed, rule)) {
                withheld.insert(key.clone());
            }
        }
        held.withheld.retain(|key, _| withheld.contains(key));
    }

    /// Takes back what is armed because a person asks for it, whatever it saw: of one service, or
    /// all. Stops at the first that has nothing ready to go back to.
    pub(crate) fn go_back_as_asked(&self, only: Option<&ServiceKey>) -> Result<Vec<Trip>, Refusal> {
        let mut held = locked(&self.held);
        held.check_own()?;
        let mut went = Vec::new();
        loop {
            let live = self.core.live.load_full();
            let mut all = live.services.iter();
            let next = all.find_map(|(key, entry)| {
                let armed = entry.armed.as_ref()?;
                (only.is_none_or(|only| only == key)).then_some((key, armed))
            });
            // One that is taken back is armed no more, so this ends.
            let Some((key, armed)) = next else {
                break;
            };
            let slot = armed.tripwire.slot;
            let trip = trip_of(key, armed, TripRule::Asked);
            let back = self.take(&mut held, &live, trip).map_err(|withheld| {
                let withheld = *withheld;
                let service = withheld.withheld.unwrap_or(withheld.service);
                Refusal::NoCapacity { service, slot }
            })?;
            if self.kept.alone.is_some() {
                // There is no controller to be told.
                self.note_acknowledged(&back.id);
                self.save_late(&held);
            }
            went.push(back);
        }
        Ok(went)
    }

    /// Takes back what `trip` says; false if it has to be withheld.
    fn trip(&self, held: &mut Held, live: &Live, trip: Trip) -> bool {
        match self.take(held, live, trip) {
            Ok(_took_back) => true,
            Err(withheld) => {
                held.withhold(*withheld);
                false
            }
        }
    }

    /// Takes back what `trip` says in one swap; gives it back, naming what is lacking, if there is
    /// nothing ready to go back to.
    fn take(&self, held: &mut Held, live: &Live, mut trip: Trip) -> Result<Trip, Box<Trip>> {
        let armed = live
            .services
            .get(&trip.service)
            .and_then(|e| e.armed.as_ref());
        let Some(armed) = armed else {
            return Ok(trip);
        };
        let mut services = live.services.clone();
        trip.took_back = take_back(&self.core, armed, &mut services);
        let lacking = trip.took_back.iter().find(|key| {
            let (before, after) = (live.services.get(*key), services.get(*key));
            before.zip(after).is_some_and(|(b, a)| lacks(b, a))
        });
        if let Some(lacking) = lacking {
            trip.withheld = Some(lacking.clone());
            trip.took_back.clear();
            return Err(Box::new(trip));
        }
        // Written before the swap, and synced after it by who writes the table: whatever happens
        // between, the next life of the router finds one of both.
        if let Err(why) = self.kept.latches.keep(trip.clone()) {
            tracing::error!(%why, "could not keep a trip on disk");
        }
        self.core.swap(services);
        if let Some(entry) = live.services.get(&trip.service) {
            entry.service.trips.fetch_add(1, Relaxed);
        }
        self.save_late(held);
        self.settle_after(held, live);
        tracing::warn!(
            tripwire.id = %trip.id.0, rule = ?trip.rule, trip.answers, trip.errors,
            took_back = trip.took_back.len(), "a tripwire fired: {} is taken back", trip.service,
        );
        Ok(trip)
    }

    /// The controller has journalled a trip: raises of what it took back are free again.
    pub(crate) fn acknowledge(&self, epoch: Epoch, id: &TripwireId) -> Result<(), Refusal> {
        let mut held = locked(&self.held);
        held.fence(epoch)?;
        for withheld in held.withheld.values_mut() {
            withheld.acknowledged |= withheld.trip.id == *id;
        }
        self.note_acknowledged(id);
        // Its place is free once the table without what it took back is on disk.
        self.save_late(&held);
        Ok(())
    }

    pub(crate) fn note_acknowledged(&self, id: &TripwireId) {
        if let Err(why) = self.kept.latches.acknowledge(id) {
            // It comes back with the next life of the router, and is acknowledged again.
            tracing::error!(%why, "could not note on disk that a trip is acknowledged");
        }
    }

    /// Trips that the controller has not journalled, oldest first.
    pub(crate) fn trips(&self, held: &Held) -> Vec<Trip> {
        let latched = self.kept.latches.all().into_iter();
        let latched = latched.filter(|l| !l.acknowledged).map(|l| l.trip);
        let withheld = held.withheld.values().filter(|w| !w.acknowledged);
        let mut trips: Vec<_> = latched.chain(withheld.map(|w| w.trip.clone())).collect();
        trips.sort_by_key(|trip| trip.at_us);
        trips
    }
}

impl Held {
    /// Remembers a trip that could not go back; one that is known stays as it was seen first.
    fn withhold(&mut self, trip: Trip) {
        let known = self.withheld.get(&trip.service).is_some_and(|known| {
            let (known, trip) = (&known.trip, &trip);
            known.id == trip.id && known.withheld == trip.withheld && known.rule == trip.rule
        });
        if known {
            return;
        }
        tracing::error!(
            tripwire.id = %trip.id.0, rule = ?trip.rule, lacking = ?trip.withheld,
            "a tripwire fired and can't go back: nothing there is ready",
        );
        let withheld = Withheld {
            trip,
            acknowledged: false,
        };
        self.withheld
            .insert(withheld.trip.service.clone(), withheld);
    }
}

/// Takes back what had tripped in another life of the router and is still armed in the table of the
/// disk; whether there was any. An acknowledged trip speaks only for its own arming: others were
/// armed knowing of it.
pub(crate) fn take_back_again(core: &Core, latches: &Latches, services: &mut Services) -> bool {
    let mut any = false;
    for latched in latches.all() {
        let trip = &latched.trip;
        let armed = services.get(&trip.service).and_then(|e| e.armed.clone());
        let armed = armed.filter(|armed| {
            let same = armed.tripwire.id == trip.id;
            armed.tripwire.slot == trip.slot && (same || !latched.acknowledged)
        });
        if let Some(armed) = armed {
            tracing::warn!(tripwire.id = %trip.id.0, "took back again what had tripped before the restart");
            take_back(core, &armed, services);
            any = true;
        }
    }
    any
}

/// Puts the way back of `armed` into `services`; names what it took back. One that is not routed
/// any more has nothing to go back to.
fn take_back(core: &Core, armed: &Armed, services: &mut Services) -> Vec<ServiceKey> {
    let mut took = Vec::new();
    for (key, route) in &armed.tripwire.way_back {
        if let Some(entry) = services.get_mut(key) {
            let next = Generation(entry.generation.0.saturating_add(1));
            let mut back = core.entry(key, next, route.clone(), None);
            back.set_passage(entry.passage, entry.until_us);
            *entry = Arc::new(back);
            took.push(key.clone());
        }
    }
    took
}

/// The rule by which a tripwire has fired.
fn fired(entry: &Entry, armed: &Armed) -> Option<TripRule> {
    let mut slots = entry.slots.iter();
    let candidate = slots.find(|slot| slot.state.slot == armed.tripwire.slot);
    let gone = candidate.is_some_and(|slot| !slot.has_ready());
    let rule = armed.watch.fired();
    rule.or(gone.then_some(TripRule::InstancesGone))
}

/// Whether a slot that gets more has nothing ready.
fn lacks(before: &Entry, after: &Entry) -> bool {
    let mut slots = after.slots.iter();
    slots.any(|slot| {
        let had = before.route.weight(slot.state.slot).get();
        slot.weight > had && !slot.has_ready()
    })
}

fn trip_of(service: &ServiceKey, armed: &Armed, rule: TripRule) -> Trip {
    let seen = armed.watch.seen(rule);
    Trip {
        id: armed.tripwire.id.clone(),
        service: service.clone(),
        slot: armed.tripwire.slot,
        rule,
        answers: seen.answers,
        errors: seen.errors,
        slow: seen.slow,
        at_us: now_us(),
        took_back: Vec::new(),
        withheld: None,
    }
}
