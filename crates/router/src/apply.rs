//! Changing the table: fence, check, keep on disk, swap.
//!
//! A raise is written to disk before it is in effect; the disk is waited for without the lock, so
//! that a return and a trip go ahead of it, and it is decided again if the table moved meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use windlass_control::{
    DamagedTable, Direction, Generation, ObservedTable, Refusal, RouteChange, RouterProgram,
    RouterReply, TABLE_FORMAT, Table, TableChange, TableEntry, Tripwire,
};
use windlass_model::{Epoch, Listen, Percent, Route, ServiceKey};

use crate::check::{
    check_capacity, check_certificates, check_halt, check_listeners, check_route, check_tripwire,
    checked, invalid,
};
use crate::core::{Core, locked};
use crate::keep::TableKeeper;
use crate::latch::{Latches, NoPlace};
use crate::limits::{LISTENERS, RAISE_TRIES};
use crate::live::{Entry, Live, Services};
use crate::reload::Alone;
use crate::trip::Withheld;

/// The one place where the table, the epoch and the set of listeners change.
pub(crate) struct Keeper {
    pub(crate) core: Arc<Core>,
    pub(crate) kept: Kept,
    /// Whether another one is taking this one's place. Held for moments only.
    pub(crate) handing: Mutex<bool>,
    /// One raise after the other.
    pub(crate) raising: Mutex<()>,
    pub(crate) held: Mutex<Held>,
    /// What became of a table that could not be used when this one began.
    pub(crate) damaged: Option<DamagedTable>,
}

/// What lies on disk.
pub(crate) struct Kept {
    pub(crate) disk: Arc<TableKeeper>,
    pub(crate) latches: Arc<Latches>,
    /// A person's halt.
    pub(crate) halted: PathBuf,
    /// The file, if it runs alone: no controller is obeyed.
    pub(crate) alone: Option<Alone>,
    /// What it says of itself.
    pub(crate) program: RouterProgram,
}

#[derive(Default)]
pub(crate) struct Held {
    /// The highest seen.
    pub(crate) epoch: Epoch,
    /// What the file said, if it runs alone.
    pub(crate) file: Option<BTreeMap<ServiceKey, Route>>,
    /// Handed over and not closed.
    pub(crate) listeners: BTreeMap<SocketAddr, Arc<TcpListener>>,
    /// Listeners of a raise that is being written.
    pub(crate) awaited: BTreeSet<SocketAddr>,
    /// Another router has the table, the trips and the sockets: nothing changes here any more.
    pub(crate) is_given_away: bool,
    /// Tripwires that have fired and could not go back, by the service they watch.
    pub(crate) withheld: BTreeMap<ServiceKey, Withheld>,
}

/// A change as it would be in effect.
struct Planned {
    base: Arc<Live>,
    services: Services,
    generations: BTreeMap<ServiceKey, Generation>,
}

impl Keeper {
    /// Takes the sockets of the router whose place this one takes.
    pub(crate) fn take_listeners(&self, listeners: BTreeMap<SocketAddr, Arc<TcpListener>>) {
        let mut held = locked(&self.held);
        held.listeners = listeners;
        self.publish(&held);
    }

    /// The table in effect, what it carries, and what has tripped, at one moment.
    pub(crate) fn observe(&self) -> ObservedTable {
        let held = locked(&self.held);
        ObservedTable {
            boot: self.core.boot.clone(),
            epoch: held.epoch,
            services: self.core.observe(),
            trips: self.trips(&held),
            alone: self.kept.alone.is_some(),
            connections: self.core.connected(),
            program: self.kept.program.clone(),
            damaged: self.damaged.clone(),
            unkept: self.kept.disk.unkept(),
        }
    }

    /// Hears a controller; from now on older ones are refused.
    pub(crate) fn hear(&self, epoch: Epoch) -> Result<(), Refusal> {
        let mut held = locked(&self.held);
        let newer = epoch > held.epoch;
        held.fence(epoch)?;
        if newer {
            self.save_late(&held);
        }
        Ok(())
    }

    /// Has the table in effect written. Nobody waits for the disk: a full or slow one must never
    /// stop a return.
    pub(crate) fn save_late(&self, held: &Held) {
        self.kept
            .disk
            .save_late(held.table(&self.core.live.load().services));
    }

    /// Takes over a listening socket. One for an address already held is closed.
    pub(crate) fn listen(
        &self,
        epoch: Epoch,
        address: SocketAddr,
        socket: Option<OwnedFd>,
    ) -> Result<(), Refusal> {
        let mut held = locked(&self.held);
        held.fence(epoch)?;
        let Some(socket) = socket else {
            return Err(invalid("no descriptor came with the message"));
        };
        if held.listeners.contains_key(&address) {
            return Ok(());
        }
        if held.listeners.len() >= LISTENERS {
            return Err(invalid(format!("more than {LISTENERS} listeners")));
        }
        let listener = checked(address, socket)?;
        held.listeners.insert(address, Arc::new(listener));
        tracing::info!(%address, "took over a listener");
        self.publish(&held);
        Ok(())
    }

    /// The listeners held, for duplicates.
    pub(crate) fn listeners(&self) -> BTreeMap<SocketAddr, Arc<TcpListener>> {
        locked(&self.held).listeners.clone()
    }

    /// Lets go of every listener, so that new clients are refused instead of kept waiting.
    pub(crate) fn close(&self) {
        locked(&self.held).listeners.clear();
        self.core.doors.send_replace(Arc::default());
        self.core.told.send_replace(Arc::default());
    }

    /// Changes several services in one swap, or none of them.
    pub(crate) fn apply(&self, epoch: Epoch, change: &TableChange) -> RouterReply {
        let done = if goes_back(change) {
            self.go_back(epoch, change)
        } else {
            self.raise(epoch, change)
        };
        match done {
            Ok(generations) => RouterReply::Applied(generations),
            Err(refusal) => RouterReply::Refused(refusal),
        }
    }

    fn go_back(
        &self,
        epoch: Epoch,
        change: &TableChange,
    ) -> Result<BTreeMap<ServiceKey, Generation>, Refusal> {
        let mut held = locked(&self.held);
        let planned = self.plan(&mut held, epoch, change)?;
        self.core.swap(planned.services);
        self.save_late(&held);
        self.settle(&mut held);
        Ok(planned.generations)
    }

    fn raise(
        &self,
        epoch: Epoch,
        change: &TableChange,
    ) -> Result<BTreeMap<ServiceKey, Generation>, Refusal> {
        let _one_at_a_time = locked(&self.raising);
        let mut held = locked(&self.held);
        for _ in 0..RAISE_TRIES {
            let planned = self.plan(&mut held, epoch, change)?;
            let wanted = planned.services.values().flat_map(|e| &e.route.listeners);
            held.awaited = wanted.flat_map(Listen::addresses).collect();
            let table = held.table(&planned.services);
            drop(held);
            let kept = self.kept.disk.save(&table);
            held = locked(&self.held);
            held.awaited.clear();
            if let Err(why) = kept {
                self.settle(&mut held);
                return Err(Refusal::NotKept(format!(
                    "the table could not be kept: {why}"
                )));
            }
            let unmoved = Arc::ptr_eq(&planned.base, &self.core.live.load_full());
            if unmoved && held.epoch == epoch {
                self.core.swap(planned.services);
                self.settle(&mut held);
                return Ok(planned.generations);
            }
            // What was written is not in effect, and may never be.
            self.save_late(&held);
        }
        self.settle(&mut held);
        Err(Refusal::NotKept("the table moves all the time".to_owned()))
    }

    /// Fences, then checks. After any refusal but the fence's, what was handed over for it is
    /// closed: it would let clients wait for ever.
    fn plan(
        &self,
        held: &mut MutexGuard<'_, Held>,
        epoch: Epoch,
        change: &TableChange,
    ) -> Result<Planned, Refusal> {
        held.fence(epoch)?;
        self.planned(held, change)
            .inspect_err(|_refusal| self.settle(held))
    }

    fn planned(&self, held: &Held, change: &TableChange) -> Result<Planned, Refusal> {
        let live = self.core.live.load_full();
        let returns = goes_back(change);
        if !returns {
            check_reliance(&live, change)?;
        }
        self.check_raises(&live, change)?;
        let mut services = live.services.clone();
        let mut generations = BTreeMap::new();
        for (key, wanted) in &change.routes {
            let before = live.services.get(key);
            let next = Generation(generation(&live, key).0.saturating_add(1));
            generations.insert(key.clone(), next);
            let Some(route) = &wanted.route else {
                services.remove(key);
                continue;
            };
            check_route(key, route)?;
            let tripwire = tripwire_after(before, change.tripwires.get(key), wanted);
            let entry = self.core.entry(key, next, route.clone(), tripwire);
            let raise = wanted.direction == Direction::Raise;
            check_capacity(key, before.map(AsRef::as_ref), &entry, raise)?;
            if raise {
                check_certificates(key, &entry)?;
            }
            services.insert(key.clone(), Arc::new(entry));
        }
        for (key, tripwire) in &change.tripwires {
            if let Some(entry) = services
                .get(key)
                .filter(|_| !change.routes.contains_key(key))
            {
                let (generation, route) = (entry.generation, entry.route.clone());
                let entry = self.core.entry(key, generation, route, tripwire.clone());
                services.insert(key.clone(), Arc::new(entry));
            }
        }
        check_listeners(&services, |address| held.listeners.contains_key(&address))?;
        self.check_tripwires(change, &services, returns)?;
        Ok(Planned {
            base: live,
            services,
            generations,
        })
    }

    /// Refuses a raise that was decided on something else, that a person has halted, or of what a
    /// tripwire has taken back.
    fn check_raises(&self, live: &Live, change: &TableChange) -> Result<(), Refusal> {
        let raises = || {
            let all = change.routes.iter();
            all.filter(|(_, wanted)| wanted.direction == Direction::Raise)
        };
        for (key, wanted) in raises() {
            let now = generation(live, key);
            if wanted.decided_on != now {
                let service = key.clone();
                return Err(Refusal::Generation { service, now });
            }
        }
        if raises().next().is_none() {
            return Ok(());
        }
        // What gives nobody more is no raise to a person: a promoted release settles under a halt.
        if raises().any(|(key, wanted)| gives_more(live, key, wanted)) {
            check_halt(&self.kept.halted)?;
        }
        for latched in self.kept.latches.all() {
            let took = |(key, _): (&ServiceKey, _)| latched.trip.took_back.contains(key);
            if !latched.acknowledged && raises().any(took) {
                return Err(Refusal::Tripped(latched.trip.id));
            }
        }
        Ok(())
    }

    fn check_tripwires(
        &self,
        change: &TableChange,
        services: &Services,
        returns: bool,
    ) -> Result<(), Refusal> {
        let mut arms = false;
        for (key, tripwire) in &change.tripwires {
            if let Some(tripwire) = tripwire {
                arms = true;
                check_tripwire(key, tripwire, services)?;
            }
        }
        if !arms || returns {
            return Ok(());
        }
        let armed = services.values().filter(|e| e.armed.is_some()).count();
        let room = self.kept.latches.make_room(armed);
        room.map_err(|why| match why {
            // No disk helps there.
            NoPlace::TooMany(_) => invalid(why.to_string()),
            NoPlace::Disk(_) => Refusal::NotKept(why.to_string()),
        })
    }

    /// Closes listeners that no route names any more, and tells the data threads of the others.
    pub(crate) fn settle(&self, held: &mut Held) {
        held.close_unnamed(&self.core.live.load(), |_any| true);
        self.publish(held);
    }

    /// The same after a swap that nobody asked for: what was handed over for a change to come stays.
    pub(crate) fn settle_after(&self, held: &mut Held, before: &Live) {
        let named_before = |address: &SocketAddr| before.names(address);
        held.close_unnamed(&self.core.live.load(), named_before);
        self.publish(held);
    }

    /// Tells the data threads, and the one for metrics, which held listeners a route names.
    pub(crate) fn publish(&self, held: &Held) {
        let live = self.core.live.load();
        let held = || held.listeners.iter().map(|(at, it)| (*at, it.clone()));
        let doors = held().filter(|(at, _)| live.doors.contains_key(at));
        self.core.doors.send_replace(Arc::new(doors.collect()));
        let told = held().filter(|(at, _)| live.metrics.contains_key(at));
        self.core.told.send_replace(Arc::new(told.collect()));
    }
}

impl Held {
    pub(crate) fn fence(&mut self, epoch: Epoch) -> Result<(), Refusal> {
        self.check_own()?;
        if epoch < self.epoch {
            return Err(Refusal::OldEpoch(self.epoch));
        }
        self.epoch = epoch;
        Ok(())
    }

    /// Refuses what comes too late for this router.
    pub(crate) fn check_own(&self) -> Result<(), Refusal> {
        if self.is_given_away {
            let why = "another router has taken this one's place; ask again".to_owned();
            return Err(Refusal::NotKept(why));
        }
        Ok(())
    }

    /// `services` as they lie on disk.
    pub(crate) fn table(&self, services: &Services) -> Table {
        let entry = |entry: &Arc<Entry>| TableEntry {
            generation: entry.generation,
            route: entry.route.clone(),
            tripwire: entry.armed.as_ref().map(|armed| armed.tripwire.clone()),
            passage: entry.passage,
            until_us: entry.until_us,
        };
        let all = services.iter();
        Table {
            format: TABLE_FORMAT,
            epoch: self.epoch,
            services: all.map(|(key, e)| (key.clone(), entry(e))).collect(),
            alone: self.file.clone(),
        }
    }

    fn close_unnamed(&mut self, live: &Live, may_go: impl Fn(&SocketAddr) -> bool) {
        let awaited = &self.awaited;
        self.listeners.retain(|address, _| {
            let named = live.names(address) || awaited.contains(address);
            let stays = named || !may_go(address);
            if !stays {
                tracing::info!(%address, "closed a listener that no route names");
            }
            stays
        });
    }
}

/// Whether a change does nothing but go back: it is refused neither for a generation nor for a
/// disk.
fn goes_back(change: &TableChange) -> bool {
    let mut all = change.routes.values();
    !change.routes.is_empty() && all.all(|wanted| wanted.direction == Direction::Return)
}

/// Whether any slot gets a larger share than it has.
fn gives_more(live: &Live, key: &ServiceKey, wanted: &RouteChange) -> bool {
    let before = live.services.get(key).map(|entry| &entry.route);
    let had = |slot| before.map_or(Percent::ZERO, |route| route.weight(slot));
    let mut slots = wanted.route.iter().flat_map(|route| &route.slots);
    slots.any(|slot| slot.weight > had(slot.slot))
}

pub(crate) fn generation(live: &Live, key: &ServiceKey) -> Generation {
    let entry = live.services.get(key);
    entry.map(|entry| entry.generation).unwrap_or_default()
}

fn check_reliance(live: &Live, change: &TableChange) -> Result<(), Refusal> {
    for (key, decided_on) in &change.relies_on {
        let now = generation(live, key);
        if now != *decided_on {
            let service = key.clone();
            return Err(Refusal::Generation { service, now });
        }
    }
    Ok(())
}

/// What is armed after a change of the route: what the change says, else nothing after a return and
/// what there was after a raise.
fn tripwire_after(
    before: Option<&Arc<Entry>>,
    said: Option<&Option<Tripwire>>,
    wanted: &RouteChange,
) -> Option<Tripwire> {
    match (said, wanted.direction) {
        (Some(said), _) => said.clone(),
        (None, Direction::Return) => None,
        (None, Direction::Raise) => {
            let armed = before.and_then(|entry| entry.armed.as_ref());
            armed.map(|armed| armed.tripwire.clone())
        }
    }
}

/// The entries of a table from disk, checked like one from the controller; its listeners come later.
pub(crate) fn entries(core: &Core, table: &Table) -> Result<Services, String> {
    let mut services = Services::new();
    let told = |refusal: Refusal| match refusal {
        Refusal::Invalid(what) => what,
        other => format!("{other:?}"),
    };
    for (key, kept) in &table.services {
        check_route(key, &kept.route).map_err(told)?;
        let (route, tripwire) = (kept.route.clone(), kept.tripwire.clone());
        let mut entry = core.entry(key, kept.generation, route, tripwire);
        entry.set_passage(kept.passage, kept.until_us);
        check_capacity(key, None, &entry, false).map_err(told)?;
        services.insert(key.clone(), Arc::new(entry));
    }
    check_listeners(&services, |_| true).map_err(told)?;
    Ok(services)
}
