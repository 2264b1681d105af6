//! Putting routes into effect, each with the tripwires that belong to it in one swap.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use futures_util::future::select_ok;
use windlass_control::{
    Direction, Generation, ObservedTable, RouteChange, TableChange, Tripwire, TripwireId,
};
use windlass_edge::{EdgeError, ErrorKind, Retry};
use windlass_engine::deployment::Wire;
use windlass_engine::rollout;
use windlass_model::{DeploymentId, Percent, Probed, Route, ServiceKey, ServiceName, SlotId};

use crate::drive::Input;
use crate::perform::{Hands, may_pass};

/// Tries to put a route into effect; the engine's own deadline comes first or soon after.
const ROUTE_TRIES: u32 = 100;

/// Who halted, when nobody wrote it down.
const SOMEBODY: &str = "somebody";

/// A route to put into effect.
pub(crate) struct Wish {
    pub(crate) attempt: u32,
    pub(crate) returning: bool,
    pub(crate) route: Option<Route>,
    /// Tripwires that are armed or, with none, disarmed with it.
    pub(crate) wires: BTreeMap<ServiceName, Option<Wire>>,
}

impl Wish {
    fn change(&self, decided_on: Generation) -> RouteChange {
        RouteChange {
            direction: if self.returning {
                Direction::Return
            } else {
                Direction::Raise
            },
            decided_on,
            route: self.route.clone(),
        }
    }
}

/// What became of a try.
enum Tried {
    Done,
    Again(EdgeError),
    /// A person has halted every raise; holds who.
    Halted(String),
    /// A router has taken this service back by itself.
    Tripped,
    /// Nobody waits for it any more.
    LetGo,
    No(EdgeError),
}

/// Tripwires to arm or disarm, as the router knows them.
type Tripwires = BTreeMap<ServiceKey, Option<Tripwire>>;

/// The name of one arming. Its deployment can be read from it when the journal is all there is.
fn wire_id(deployment: &DeploymentId, service: &ServiceName, attempt: u32) -> TripwireId {
    TripwireId(format!("{deployment}/{service}/{attempt}"))
}

/// The deployment that armed a tripwire.
pub(crate) fn armed_by(id: &TripwireId) -> Option<DeploymentId> {
    let (deployment, _) = id.0.split_once('/')?;
    DeploymentId::parse(deployment).ok()
}

/// The generation of an entry; that of one that is not there too.
pub(crate) fn generation(table: &ObservedTable, key: &ServiceKey) -> Generation {
    let entry = table.services.get(key);
    entry.map(|entry| entry.generation).unwrap_or_default()
}

impl Hands {
    /// Whether an attempt is the newest asked for, and its answer is still waited for: neither a way
    /// back that was given up nor a deployment that has ended moves anything any more.
    fn is_wanted(&self, service: &ServiceName, attempt: u32) -> bool {
        let newest = self.newest.borrow().get(service).copied();
        newest.is_none_or(|newest| newest == attempt)
            && self.awaits(service, |rollout| rollout.awaits_route(attempt))
    }

    pub(crate) async fn apply(&self, service: ServiceName, wish: Wish) {
        let attempt = wish.attempt;
        let mut tries = 0;
        let event = loop {
            match self.try_apply(&service, &wish).await {
                Tried::Done => break rollout::Event::RouteApplied { attempt },
                // The lookout brings the trip, and the deployment goes back.
                Tried::Tripped | Tried::LetGo => return,
                // Not a try: it takes as long as a person takes.
                Tried::Halted(by) => self.inbox.send(Input::Halted { by }).await,
                Tried::Again(_) if tries < ROUTE_TRIES => tries += 1,
                Tried::Again(error) | Tried::No(error) => {
                    break rollout::Event::RouteFailed {
                        attempt,
                        why: error.chain(),
                    };
                }
            }
            self.pause().await;
        };
        self.inbox.rollout(&service, event).await;
    }

    async fn try_apply(&self, service: &ServiceName, wish: &Wish) -> Tried {
        if !self.is_wanted(service, wish.attempt) {
            return Tried::LetGo;
        }
        let border = &self.shared.border;
        let key = self.service_key(service);
        let observed = match border.router.observe().await {
            Ok(observed) => observed,
            Err(error) => return again_or_no(error),
        };
        let now = observed.services.get(&key).map(|entry| &entry.route);
        let tripwires = self.tripwires(&wish.wires);
        let is_routed = now == wish.route.as_ref();
        if is_routed && are_armed(&observed, &tripwires) {
            return Tried::Done;
        }
        if !wish.returning {
            if self.has_tripped(&observed, &key) {
                return Tried::Tripped;
            }
            // What gives nobody more is no raise: a promoted release settles under a halt.
            if let Some(halt) = border.brake.halted().filter(|_| gives_more(wish, now)) {
                return Tried::Halted(halt.by);
            }
        }
        if let Some(slot) = self.unproven(wish, now).await {
            let what = format!("no instance of slot {slot} of {service} answers well");
            return Tried::Again(EdgeError::new(ErrorKind::Conflict, Retry::Now, what));
        }
        // Asking took its time.
        if !self.is_wanted(service, wish.attempt) {
            return Tried::LetGo;
        }
        let route = (!is_routed).then(|| (key.clone(), wish.change(generation(&observed, &key))));
        let routes = route.into_iter().collect();
        let change = table_change(&observed, routes, tripwires.clone());
        match border.router.apply(change).await {
            Ok(_) => self.taken(&key, wish, &tripwires).await,
            Err(error) if error.kind == ErrorKind::Halted => {
                let halt = border.brake.halted();
                Tried::Halted(halt.map_or_else(|| SOMEBODY.to_owned(), |halt| halt.by))
            }
            Err(error) if error.kind == ErrorKind::Conflict => {
                self.after_conflict(&observed, &key, error).await
            }
            Err(error) => again_or_no(error),
        }
    }

    /// What became of a change that the router took: only what it shows is in effect.
    async fn taken(&self, key: &ServiceKey, wish: &Wish, tripwires: &Tripwires) -> Tried {
        let observed = match self.shared.border.router.observe().await {
            Ok(observed) => observed,
            Err(error) => return again_or_no(error),
        };
        let now = observed.services.get(key).map(|entry| &entry.route);
        if now == wish.route.as_ref() && are_armed(&observed, tripwires) {
            return Tried::Done;
        }
        let what = format!("the router took the split of {key} and does not show it");
        Tried::Again(EdgeError::new(ErrorKind::Conflict, Retry::Now, what))
    }

    /// What was decided on may have moved meanwhile: by the router itself, or by another service of
    /// the same deployment. Then it is decided again; any other conflict stays.
    async fn after_conflict(
        &self,
        before: &ObservedTable,
        key: &ServiceKey,
        error: EdgeError,
    ) -> Tried {
        match self.shared.border.router.observe().await {
            Ok(now) if self.has_tripped(&now, key) => Tried::Tripped,
            Ok(now) if has_moved(before, &now) => Tried::Again(error),
            Ok(now) if now.trips.iter().any(|trip| trip.took_back.contains(key)) => {
                Tried::Again(error)
            }
            Ok(_) => Tried::No(error),
            Err(_) => Tried::Again(error),
        }
    }

    /// Whether a tripwire of this deployment took `key` back, and the trip is not journalled yet.
    pub(crate) fn has_tripped(&self, observed: &ObservedTable, key: &ServiceKey) -> bool {
        observed.trips.iter().any(|trip| {
            trip.withheld.is_none()
                && trip.took_back.contains(key)
                && armed_by(&trip.id).as_ref() == Some(&self.id)
        })
    }

    pub(crate) fn tripwires(&self, wires: &BTreeMap<ServiceName, Option<Wire>>) -> Tripwires {
        let named = |(service, wire): (&ServiceName, &Option<Wire>)| {
            let wire = wire.as_ref().map(|wire| self.tripwire(service, wire));
            (self.service_key(service), wire)
        };
        wires.iter().map(named).collect()
    }

    fn tripwire(&self, service: &ServiceName, wire: &Wire) -> Tripwire {
        let way_back = wire.way_back.iter();
        Tripwire {
            id: wire_id(&self.id, service, wire.attempt),
            slot: wire.slot,
            errors_above: wire.errors_above,
            slower: wire.slower,
            way_back: way_back
                .map(|(service, route)| (self.service_key(service), route.clone()))
                .collect(),
        }
    }

    /// A slot whose share would grow although none of its instances answers its probe now. What was
    /// ready when that was decided may be gone since: a controller may have died in between.
    async fn unproven(&self, wish: &Wish, now: Option<&Route>) -> Option<SlotId> {
        let before = |slot| now.map_or(Percent::ZERO, |route| route.weight(slot));
        let slots = wish.route.iter().flat_map(|route| &route.slots);
        for slot in slots.filter(|s| s.weight > before(s.slot)) {
            let asked = slot.instances.iter().map(|instance| {
                let answer = self.shared.border.prober.probe(&slot.probe, instance);
                answer.map(|answer| match answer {
                    Probed::Ready => Ok(()),
                    Probed::Unready { .. } => Err(()),
                })
            });
            let asked: Vec<_> = asked.collect();
            if asked.is_empty() || select_ok(asked).await.is_err() {
                return Some(slot.slot);
            }
        }
        None
    }
}

/// One swap, which relies on every other service that its tripwires would take back being where it
/// was when that was decided.
pub(crate) fn table_change(
    observed: &ObservedTable,
    routes: BTreeMap<ServiceKey, RouteChange>,
    tripwires: Tripwires,
) -> TableChange {
    let wires = tripwires.values().flatten();
    let others = wires
        .flat_map(|wire| wire.way_back.keys())
        .filter(|key| !routes.contains_key(*key));
    let relies_on = others
        .map(|key| (key.clone(), generation(observed, key)))
        .collect();
    TableChange {
        routes,
        tripwires,
        relies_on,
    }
}

/// Whether any slot would get a larger share than it has.
fn gives_more(wish: &Wish, now: Option<&Route>) -> bool {
    let had = |slot| now.map_or(Percent::ZERO, |route| route.weight(slot));
    let mut slots = wish.route.iter().flat_map(|route| &route.slots);
    slots.any(|slot| slot.weight > had(slot.slot))
}

fn are_armed(observed: &ObservedTable, wanted: &Tripwires) -> bool {
    wanted.iter().all(|(key, wire)| {
        let entry = observed.services.get(key);
        entry.and_then(|entry| entry.tripwire.as_ref()) == wire.as_ref()
    })
}

fn has_moved(before: &ObservedTable, now: &ObservedTable) -> bool {
    let generations = |table: &ObservedTable| -> Vec<(ServiceKey, Generation)> {
        let all = table.services.iter();
        all.map(|(key, entry)| (key.clone(), entry.generation))
            .collect()
    };
    generations(before) != generations(now)
}

fn again_or_no(error: EdgeError) -> Tried {
    if may_pass(&error) {
        Tried::Again(error)
    } else {
        Tried::No(error)
    }
}
