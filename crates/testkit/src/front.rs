//! The router as it stands in the world: a table, and requests under way.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::sync::Notify;
use windlass_control::{
    Direction, Generation, ObservedConnections, ObservedRoute, ObservedTable, Passage, RouteChange,
    RouterBoot, RouterProgram, TableChange, Tripwire,
};
use windlass_edge::{Brake as _, EdgeError};
use windlass_model::{Epoch, InstanceId, Millis, Percent, Route, RouteSlot, ServiceKey, SlotId};

use crate::brake::FakeBrake;
use crate::errors;
use crate::lapsed::Lapsed;
use crate::ledger::{Effect, Ledger};
use crate::load::Load;
use crate::splits::{Split, invalid};
use crate::target::Host;
use crate::time::WorldTime;
use crate::trips::{self, Trips};
use crate::trouble::Trouble;

/// How long ago readiness may have been lost without anybody having had a chance to see it: a
/// controller asks just before it gives a slot more, and its calls take their time.
const UNSEEN: Millis = Millis::from_millis(100);

/// What splits traffic. Survives every controller.
#[derive(Debug)]
pub struct Front {
    pub(crate) time: Rc<WorldTime>,
    ledger: Rc<Ledger>,
    pub(crate) host: Rc<Host>,
    /// Calls that go wrong.
    pub trouble: Trouble,
    pub(crate) entries: RefCell<BTreeMap<ServiceKey, Entry>>,
    pub(crate) splits: RefCell<Vec<Split>>,
    pub(crate) epoch: Cell<Epoch>,
    boot: Cell<u32>,
    came_back: Notify,
    pub(crate) booted: Cell<Millis>,
    pub(crate) decays_in: Cell<Millis>,
    trusts: Cell<bool>,
    refusing: RefCell<BTreeMap<ServiceKey, Percent>>,
    ignoring: RefCell<BTreeMap<ServiceKey, Percent>>,
    pub(crate) gone: Cell<bool>,
    occupied: RefCell<BTreeSet<SocketAddr>>,
    brake: FakeBrake,
    pub(crate) trips: Trips,
    pub(crate) load: Load,
    /// What it says that it is.
    pub program: RefCell<RouterProgram>,
    /// Whether somebody looks at what its tripwires watch.
    pub(crate) is_looked_after: Cell<bool>,
    /// How instances lapsed in its life.
    pub(crate) lapsed: Lapsed,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) generation: Generation,
    pub(crate) route: Route,
    pub(crate) tripwire: Option<Tripwire>,
    /// When each slot's last requests end, since it gets no more.
    pub(crate) ends: BTreeMap<SlotId, Millis>,
    /// Whether a tripwire put this route in effect, and no controller.
    pub(crate) took_back: bool,
}

impl Entry {
    /// Whether a tripwire took back what a controller was just taking back itself: its word was under
    /// way, decided on the generation that the tripwire left. No look could have shown it.
    fn was_faster(&self, change: &RouteChange) -> bool {
        let looked_before = change.decided_on.0.saturating_add(1) == self.generation.0;
        self.took_back && looked_before && change.direction == Direction::Return
    }
}

impl Front {
    pub(crate) fn new(
        time: &Rc<WorldTime>,
        ledger: &Rc<Ledger>,
        host: &Rc<Host>,
        brake: &FakeBrake,
    ) -> Self {
        Self {
            brake: brake.clone(),
            trips: Trips::default(),
            load: Load::default(),
            is_looked_after: Cell::new(false),
            lapsed: Lapsed::default(),
            time: Rc::clone(time),
            ledger: Rc::clone(ledger),
            host: Rc::clone(host),
            trouble: Trouble::new(u8::MAX, 2),
            entries: RefCell::default(),
            splits: RefCell::default(),
            epoch: Cell::default(),
            boot: Cell::new(1),
            came_back: Notify::new(),
            booted: Cell::new(time.now()),
            decays_in: Cell::new(Millis::from_millis(40)),
            trusts: Cell::new(false),
            refusing: RefCell::default(),
            ignoring: RefCell::default(),
            gone: Cell::new(false),
            occupied: RefCell::default(),
            program: RefCell::new(RouterProgram::own()),
        }
    }

    /// From now on a share is given without asking whether the slot has capacity, so that a
    /// controller that does not ask either is caught in the act.
    pub fn trust(&self) {
        self.trusts.set(true);
    }

    /// From now on a raise that gives a slot of `service` more than it has, and `most` or above, is
    /// refused for good.
    pub fn refuse_after(&self, service: &ServiceKey, most: Percent) {
        self.refusing.borrow_mut().insert(service.clone(), most);
    }

    /// No raise is refused any more.
    pub fn refuse_nothing(&self) {
        self.refusing.borrow_mut().clear();
    }

    /// A raise of a slot of `service` to `least` or more is taken, and nothing comes of it; a way
    /// back is carried out.
    pub fn ignore_from(&self, service: &ServiceKey, least: Percent) {
        self.ignoring.borrow_mut().insert(service.clone(), least);
    }

    /// Nobody answers from now on, until [`Front::come_back`].
    pub fn go_away(&self) {
        self.gone.set(true);
    }

    /// Answers again, from the same table.
    pub fn come_back(&self) {
        self.lapsed.forget();
        self.gone.set(false);
        self.boot.set(self.boot.get() + 1);
        self.booted.set(self.time.now());
        self.came_back.notify_waiters();
    }

    /// Loses its table, as a router does whose disk was lost.
    pub fn lose_table(&self) {
        self.entries.borrow_mut().clear();
        self.trips.clear();
        self.come_back();
    }

    /// Has lost one route.
    pub fn forget(&self, service: &ServiceKey) {
        self.entries.borrow_mut().remove(service);
    }

    /// Somebody else listens on `address`.
    pub fn occupy(&self, address: SocketAddr) {
        self.occupied.borrow_mut().insert(address);
    }

    /// Every split there ever was.
    pub fn splits(&self) -> Vec<Split> {
        self.splits.borrow().clone()
    }

    /// What is in effect for `service`.
    pub fn route(&self, service: &ServiceKey) -> Option<Route> {
        self.entries
            .borrow()
            .get(service)
            .map(|entry| entry.route.clone())
    }

    /// Whether requests go to `instance`.
    pub fn sends_to(&self, instance: &InstanceId) -> bool {
        let entries = self.entries.borrow();
        let slots = entries.values().flat_map(|entry| &entry.route.slots);
        let mut fed = slots.filter(|slot| slot.weight > Percent::ZERO);
        fed.any(|slot| slot.instances.iter().any(|i| i.id == *instance))
    }

    pub(crate) fn answers(&self) -> Result<(), EdgeError> {
        if self.gone.get() {
            Err(errors::unreachable("the router is not there"))
        } else {
            Ok(())
        }
    }

    /// Every word of a newer controller silences the older ones.
    pub(crate) fn hear(&self, epoch: Epoch) -> Result<(), EdgeError> {
        let highest = self.epoch.get();
        if epoch < highest {
            return Err(errors::refused(format!(
                "epoch {epoch} is over: {highest} speaks"
            )));
        }
        self.epoch.set(epoch);
        Ok(())
    }

    /// The highest epoch that ever spoke; none yet.
    pub(crate) fn heard(&self) -> Option<Epoch> {
        Some(self.epoch.get()).filter(|epoch| *epoch != Epoch::default())
    }

    pub(crate) fn life(&self) -> u32 {
        self.boot.get()
    }

    /// Waits for another life than this.
    pub(crate) async fn life_after(&self, known: u32) -> u32 {
        loop {
            let came_back = self.came_back.notified();
            if self.boot.get() != known {
                return self.boot.get();
            }
            came_back.await;
        }
    }

    pub(crate) fn boot(&self) -> RouterBoot {
        RouterBoot(format!("boot-{}", self.boot.get()))
    }

    pub(crate) fn observe(&self) -> ObservedTable {
        let observed = |entry: &Entry| ObservedRoute {
            generation: entry.generation,
            route: entry.route.clone(),
            tripwire: entry.tripwire.clone(),
            passage: Passage::default(),
            until_us: None,
            waiting: 0,
            slots: entry
                .route
                .slots
                .iter()
                .map(|slot| (slot.slot, self.observed(entry, slot)))
                .collect(),
        };
        let entries = self.entries.borrow();
        let services = entries
            .iter()
            .map(|(key, entry)| (key.clone(), observed(entry)))
            .collect();
        ObservedTable {
            boot: self.boot(),
            epoch: self.epoch.get(),
            services,
            trips: self.trips.all(),
            alone: false,
            connections: ObservedConnections::default(),
            program: self.program.borrow().clone(),
            damaged: None,
            unkept: None,
        }
    }

    fn refuses(&self, key: &ServiceKey, change: &RouteChange) -> Option<EdgeError> {
        let entries = self.entries.borrow();
        let now = entries.get(key).map(|e| e.generation).unwrap_or_default();
        let raise = change.direction == Direction::Raise;
        if raise && change.decided_on != now {
            return Some(errors::conflict(format!("{key} has moved on to {}", now.0)));
        }
        let more = change
            .route
            .as_ref()
            .is_some_and(|route| !self.raised(key, route).is_empty());
        if raise
            && more
            && let Some(halt) = self.brake.halted()
        {
            return Some(errors::halted(format!(
                "{} has halted every raise",
                halt.by
            )));
        }
        if raise && let Some(error) = self.trips.refuse_raise(key) {
            return Some(error);
        }
        let route = change.route.as_ref()?;
        if let Some(what) = invalid(route) {
            return Some(errors::rejected(format!("{key}: {what}")));
        }
        let refusing = self.refusing.borrow().get(key).copied();
        let raised = self.raised(key, route);
        if let Some(most) = refusing.filter(|most| raised.iter().any(|slot| slot.weight >= *most))
            && raise
        {
            return Some(errors::rejected(format!("{key}: {most} is too much")));
        }
        if self.trusts.get() || !raise {
            return None;
        }
        let starving = raised
            .into_iter()
            .find(|slot| self.answering(slot).is_empty());
        starving.map(|slot| {
            errors::conflict(format!("{key}: slot {} has no ready instance", slot.slot))
        })
    }

    /// The slots of `route` that get more than they have.
    pub(crate) fn raised<'r>(&self, key: &ServiceKey, route: &'r Route) -> Vec<&'r RouteSlot> {
        let before = self.route(key);
        let before = |slot| {
            before
                .as_ref()
                .map_or(Percent::ZERO, |route| route.weight(slot))
        };
        route
            .slots
            .iter()
            .filter(|slot| slot.weight > before(slot.slot))
            .collect()
    }

    pub(crate) fn may_listen(&self, address: SocketAddr) -> Result<(), EdgeError> {
        if self.occupied.borrow().contains(&address) {
            return Err(errors::conflict(format!(
                "somebody else listens on {address}"
            )));
        }
        Ok(())
    }

    fn listener_taken(&self, changes: &BTreeMap<ServiceKey, RouteChange>) -> Option<EdgeError> {
        let entries = self.entries.borrow();
        for (key, change) in changes {
            let wanted = change.route.iter().flat_map(|route| &route.listeners);
            for listen in wanted {
                let other = entries.iter().any(|(other, entry)| {
                    let mut theirs = entry.route.listeners.iter();
                    other != key
                        && !changes.contains_key(other)
                        && theirs.any(|theirs| theirs.is_same_place(listen))
                });
                if other {
                    return Some(errors::conflict(format!(
                        "another service listens on {listen}"
                    )));
                }
                if let Err(why) = self.may_listen(listen.address) {
                    return Some(why);
                }
            }
        }
        None
    }

    fn moved_on(&self, relies_on: &BTreeMap<ServiceKey, Generation>) -> Option<EdgeError> {
        let entries = self.entries.borrow();
        let now = |key| entries.get(key).map(|e| e.generation).unwrap_or_default();
        let mut all = relies_on.iter();
        let (key, _) = all.find(|(key, decided_on)| now(*key) != **decided_on)?;
        Some(errors::conflict(format!("{key} has moved on")))
    }

    /// All changes in one swap, or none.
    fn ignores(&self, key: &ServiceKey, change: &RouteChange) -> bool {
        let Some(least) = self.ignoring.borrow().get(key).copied() else {
            return false;
        };
        let raised = change
            .route
            .iter()
            .flat_map(|route| self.raised(key, route));
        change.direction == Direction::Raise && raised.into_iter().any(|slot| slot.weight >= least)
    }

    pub(crate) fn apply(
        &self,
        epoch: Epoch,
        change: TableChange,
    ) -> Result<BTreeMap<ServiceKey, Generation>, EdgeError> {
        self.hear(epoch)?;
        let TableChange {
            routes,
            tripwires,
            relies_on,
        } = change;
        let goes_back = !routes.is_empty()
            && routes
                .values()
                .all(|change| change.direction == Direction::Return);
        if !goes_back && let Some(error) = self.moved_on(&relies_on) {
            return Err(error);
        }
        let refusal = routes
            .iter()
            .find_map(|(key, change)| self.refuses(key, change));
        if let Some(error) = refusal.or_else(|| self.listener_taken(&routes)) {
            return Err(error);
        }
        let mut generations = BTreeMap::new();
        for (key, change) in routes {
            if !self.ignores(&key, &change) {
                generations.insert(key.clone(), self.swap(epoch, key, change));
            }
        }
        for (key, tripwire) in tripwires {
            if let Some(entry) = self.entries.borrow_mut().get_mut(&key) {
                entry.tripwire = tripwire;
            }
        }
        self.disarm_pointless();
        Ok(generations)
    }

    /// A tripwire whose candidate has no share any more has nothing to take back.
    pub(crate) fn disarm_pointless(&self) {
        for entry in self.entries.borrow_mut().values_mut() {
            let route = &entry.route;
            entry
                .tripwire
                .take_if(|wire| !trips::watches_something(wire, route));
        }
    }

    pub(crate) fn swap(&self, epoch: Epoch, key: ServiceKey, change: RouteChange) -> Generation {
        let starving = self.starving(&key, change.route.as_ref());
        let before = self.entries.borrow_mut().remove(&key);
        let is_again = before.as_ref().map(|entry| &entry.route) == change.route.as_ref();
        if is_again && !before.as_ref().is_some_and(|e| e.was_faster(&change)) {
            self.ledger
                .note(epoch, Effect::RoutedAgain, key.to_string());
        }
        let generation = Generation(before.as_ref().map_or(0, |entry| entry.generation.0) + 1);
        let number = self.splits.borrow().len();
        self.ledger.note(
            epoch,
            Effect::Routed,
            format!("{number}: {key}@{}", generation.0),
        );
        self.splits.borrow_mut().push(Split {
            at: self.time.now(),
            epoch,
            service: key.clone(),
            generation,
            direction: change.direction,
            route: change.route.clone(),
            without_capacity: starving,
        });
        if let Some(route) = change.route {
            let ends = before
                .as_ref()
                .map(|entry| self.ends(entry, &route))
                .unwrap_or_default();
            self.entries.borrow_mut().insert(
                key,
                Entry {
                    generation,
                    route,
                    tripwire: before.and_then(|entry| entry.tripwire),
                    ends,
                    took_back: false,
                },
            );
        }
        generation
    }

    /// Slots that get more although none of their instances was ready lately.
    fn starving(&self, key: &ServiceKey, route: Option<&Route>) -> Vec<SlotId> {
        let raised = route
            .map(|route| self.raised(key, route))
            .unwrap_or_default();
        let alive = |slot: &RouteSlot| {
            slot.instances
                .iter()
                .any(|i| self.host.was_ready(&i.id, UNSEEN))
        };
        raised
            .into_iter()
            .filter(|slot| !alive(slot))
            .map(|slot| slot.slot)
            .collect()
    }

    pub(crate) fn shutdown(&self, epoch: Epoch) -> Result<(), EdgeError> {
        self.hear(epoch)?;
        self.entries.borrow_mut().clear();
        self.ledger.note(epoch, Effect::ShutDown, "router");
        Ok(())
    }
}
