//! Changing the table: fence, check, keep on disk, swap.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};

use rustix::net::sockopt;
use windlass_control::{
    Direction, Generation, Refusal, RouteChange, RouterReply, TABLE_FORMAT, Table, TableEntry,
};
use windlass_model::{Epoch, Route, RouteMode, ServiceKey};

use crate::core::{Core, locked};
use crate::keep::TableKeeper;
use crate::limits::{BACKLOG, LISTENERS};
use crate::live::{Entry, EntrySlot, Live};

/// The one place where the table, the epoch and the set of listeners change.
pub(crate) struct Keeper {
    core: Arc<Core>,
    disk: Arc<TableKeeper>,
    held: Mutex<Held>,
}

struct Held {
    /// The highest seen.
    epoch: Epoch,
    /// Handed over and not closed.
    listeners: BTreeMap<SocketAddr, Arc<TcpListener>>,
}

type Services = BTreeMap<ServiceKey, Arc<Entry>>;

impl Keeper {
    /// Takes up the last good table of the state folder; a bad one is refused whole, with a line in
    /// the log, and the router starts empty.
    pub(crate) fn open(core: Arc<Core>, disk: Arc<TableKeeper>) -> Self {
        let table = disk.load().unwrap_or_else(|why| {
            tracing::error!(table.path = %disk.path().display(), %why, "refused the table on disk; starting empty");
            None
        });
        let mut epoch = Epoch::default();
        if let Some(table) = table {
            match entries(&core, &table) {
                Ok(services) => {
                    tracing::info!(services = services.len(), "took up the last good table");
                    epoch = table.epoch;
                    core.swap(Live::new(services));
                }
                Err(why) => {
                    tracing::error!(table.path = %disk.path().display(), %why, "refused the table on disk; starting empty");
                }
            }
        }
        Self {
            core,
            disk,
            held: Mutex::new(Held {
                epoch,
                listeners: BTreeMap::new(),
            }),
        }
    }

    /// The highest epoch seen.
    pub(crate) fn epoch(&self) -> Epoch {
        locked(&self.held).epoch
    }

    /// Hears a controller; from now on older ones are refused.
    pub(crate) fn hear(&self, epoch: Epoch) -> Result<(), Refusal> {
        let mut held = locked(&self.held);
        let newer = epoch > held.epoch;
        held.fence(epoch)?;
        if newer {
            // Nobody waits for the disk: a full or slow one must never stop a return.
            let table = table(epoch, &self.core.live.load().services);
            self.disk.save_late(table);
        }
        Ok(())
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
    }

    /// Changes several services in one swap, or none of them.
    pub(crate) fn apply(
        &self,
        epoch: Epoch,
        changes: BTreeMap<ServiceKey, RouteChange>,
    ) -> RouterReply {
        let mut held = locked(&self.held);
        let done = held
            .fence(epoch)
            .and_then(|()| self.change(&held, epoch, changes));
        if !matches!(done, Err(Refusal::OldEpoch(_))) {
            // Also after a refusal: what was handed over for it would let clients wait for ever.
            held.close_unnamed(&self.core.live.load());
            self.publish(&held);
        }
        match done {
            Ok(generations) => RouterReply::Applied(generations),
            Err(refusal) => RouterReply::Refused(refusal),
        }
    }

    fn change(
        &self,
        held: &Held,
        epoch: Epoch,
        changes: BTreeMap<ServiceKey, RouteChange>,
    ) -> Result<BTreeMap<ServiceKey, Generation>, Refusal> {
        let live = self.core.live.load_full();
        let mut services = live.services.clone();
        let mut generations = BTreeMap::new();
        let mut raises = false;
        for (key, change) in changes {
            let before = live.services.get(&key);
            let now = before.map(|e| e.generation).unwrap_or_default();
            let raise = change.direction == Direction::Raise;
            raises |= raise;
            if raise && change.decided_on != now {
                return Err(Refusal::Generation { service: key, now });
            }
            let next = Generation(now.0.saturating_add(1));
            generations.insert(key.clone(), next);
            match change.route {
                None => {
                    services.remove(&key);
                }
                Some(route) => {
                    check_route(&key, &route)?;
                    let entry = self.core.entry(&key, next, route);
                    check_capacity(&key, before.map(AsRef::as_ref), &entry, raise)?;
                    services.insert(key, Arc::new(entry));
                }
            }
        }
        check_listeners(&services, |address| held.listeners.contains_key(&address))?;
        let table = table(epoch, &services);
        if raises {
            let kept = self.disk.save(&table);
            kept.map_err(|why| Refusal::NotKept(format!("the table could not be kept: {why}")))?;
            self.core.swap(Live::new(services));
        } else {
            self.core.swap(Live::new(services));
            self.disk.save_late(table);
        }
        Ok(generations)
    }

    /// Tells the data threads which held listeners a route names.
    fn publish(&self, held: &Held) {
        let live = self.core.live.load();
        let named = held
            .listeners
            .iter()
            .filter(|(address, _)| live.doors.contains_key(address))
            .map(|(address, listener)| (*address, listener.clone()))
            .collect();
        self.core.doors.send_replace(Arc::new(named));
    }
}

impl Held {
    fn fence(&mut self, epoch: Epoch) -> Result<(), Refusal> {
        if epoch < self.epoch {
            return Err(Refusal::OldEpoch(self.epoch));
        }
        self.epoch = epoch;
        Ok(())
    }

    fn close_unnamed(&mut self, live: &Live) {
        self.listeners.retain(|address, _| {
            let named = live.doors.contains_key(address);
            if !named {
                tracing::info!(%address, "closed a listener that no route names");
            }
            named
        });
    }
}

fn invalid(what: impl Into<String>) -> Refusal {
    Refusal::Invalid(what.into())
}

/// A socket that is what the message says: a listening TCP socket bound to `address`.
fn checked(address: SocketAddr, socket: OwnedFd) -> Result<TcpListener, Refusal> {
    let refused = |what: &str| invalid(format!("the descriptor for {address} {what}"));
    let listens = sockopt::socket_acceptconn(&socket).unwrap_or(false);
    let listener = TcpListener::from(socket);
    let bound = listener.local_addr();
    if !listens || !bound.is_ok_and(|bound| bound == address) {
        return Err(refused("is no socket listening there"));
    }
    let ready = listener.set_nonblocking(true);
    ready.map_err(|why| refused(&format!("can't be used: {why}")))?;
    // Set anew, because whoever bound it may have asked for a short queue.
    rustix::net::listen(&listener, BACKLOG)
        .map_err(|why| refused(&format!("can't be used: {why}")))?;
    Ok(listener)
}

fn check_route(key: &ServiceKey, route: &Route) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for slot in &route.slots {
        if !seen.insert(slot.slot) {
            return Err(invalid(format!("{key} names slot {} twice", slot.slot)));
        }
    }
    let sum: u32 = route.slots.iter().map(|s| u32::from(s.weight.get())).sum();
    let splits = route.mode == RouteMode::Serve && !route.slots.is_empty();
    if splits && sum != 100 {
        return Err(invalid(format!(
            "the weights of {key} add up to {sum}, not 100"
        )));
    }
    Ok(())
}

/// Refuses a share for a slot that can't carry it: without any instance always, with instances that
/// are all known unready when a raise gives it more than it has.
fn check_capacity(
    key: &ServiceKey,
    before: Option<&Entry>,
    entry: &Entry,
    raise: bool,
) -> Result<(), Refusal> {
    let had = |slot: &EntrySlot| {
        let id = slot.state.slot;
        before.map_or(0, |b| b.route.weight(id).get())
    };
    for slot in &entry.slots {
        let none = slot.weight > 0 && slot.instances.is_empty();
        let grows = slot.weight > had(slot);
        if none || (raise && grows && !slot.has_ready()) {
            return Err(Refusal::NoCapacity {
                service: key.clone(),
                slot: slot.state.slot,
            });
        }
    }
    Ok(())
}

fn check_listeners(
    services: &Services,
    is_held: impl Fn(SocketAddr) -> bool,
) -> Result<(), Refusal> {
    let mut owners: BTreeMap<SocketAddr, &ServiceKey> = BTreeMap::new();
    for (key, entry) in services {
        for listener in &entry.route.listeners {
            if let Some(owner) = owners.insert(*listener, key) {
                return Err(invalid(format!("{listener} of {key} belongs to {owner}")));
            }
            if !is_held(*listener) {
                return Err(invalid(format!(
                    "no listening socket for {listener} of {key} was handed over"
                )));
            }
        }
    }
    Ok(())
}

fn table(epoch: Epoch, services: &Services) -> Table {
    let entry = |entry: &Arc<Entry>| TableEntry {
        generation: entry.generation,
        route: entry.route.clone(),
    };
    Table {
        format: TABLE_FORMAT,
        epoch,
        services: services
            .iter()
            .map(|(key, e)| (key.clone(), entry(e)))
            .collect(),
    }
}

/// The entries of a table from disk, checked like one from the controller; its listeners come later.
fn entries(core: &Core, table: &Table) -> Result<Services, String> {
    let mut services = Services::new();
    let told = |refusal: Refusal| match refusal {
        Refusal::Invalid(what) => what,
        other => format!("{other:?}"),
    };
    for (key, kept) in &table.services {
        check_route(key, &kept.route).map_err(told)?;
        let entry = core.entry(key, kept.generation, kept.route.clone());
        check_capacity(key, None, &entry, false).map_err(told)?;
        services.insert(key.clone(), Arc::new(entry));
    }
    check_listeners(&services, |_| true).map_err(told)?;
    Ok(services)
}
