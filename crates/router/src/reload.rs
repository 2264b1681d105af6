//! The file of a router that runs alone: taken up whole, or not at all.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use windlass_control::{Refusal, Reloaded};
use windlass_model::{Route, ServiceKey};

use crate::apply::{Held, Keeper, generation};
use crate::check::{
    check_capacity, check_certificates, check_halt, check_listeners, check_route, checked, invalid,
};
use crate::core::locked;
use crate::limits::RAISE_TRIES;
use crate::live::{Entry, Live, Services};
use crate::run::RouterError;

/// What a file says, per service.
pub type Routes = BTreeMap<ServiceKey, Route>;

/// Reads a file; what is wrong with it, for a person, otherwise.
type Read = Arc<dyn Fn() -> Result<Routes, String> + Send + Sync>;

/// The file of a router that runs alone.
#[derive(Clone)]
pub struct Alone {
    routes: Routes,
    read: Read,
}

impl Alone {
    /// What the file says now, and how it is read again. Reading happens on a thread of its own and may
    /// take its time.
    pub fn new(
        routes: Routes,
        read: impl Fn() -> Result<Routes, String> + Send + Sync + 'static,
    ) -> Self {
        let read = Arc::new(read);
        Self { routes, read }
    }
}

impl fmt::Debug for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let routes = &self.routes;
        f.debug_struct("Alone")
            .field("routes", routes)
            .finish_non_exhaustive()
    }
}

/// What is said where a router begins and the disk takes nothing.
const UNKEPT: &str = "serves what the file says and can't keep it on disk, which is tried again; until then no \
    split is taken, and what is paused or has gone back is lost with this process";

/// What becomes of a file where the disk does not take the table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WithoutDisk {
    /// Nothing: what was in effect stays.
    Refused,
    /// It is in effect, and the table is kept as soon as the disk takes it: else nothing would be served.
    Served,
}

/// How a file would be in effect.
struct Planned {
    base: Arc<Live>,
    services: Services,
    bound: BTreeMap<SocketAddr, Arc<TcpListener>>,
    reloaded: Reloaded,
}

impl Keeper {
    /// Puts in effect what the file says as the router begins.
    pub(crate) fn serve_alone(&self) -> Result<(), RouterError> {
        let Some(alone) = &self.kept.alone else {
            return Ok(());
        };
        self.take_up(&alone.routes, WithoutDisk::Served).map(drop)
    }

    /// Reads the file again and puts in effect what it says. With anything wrong nothing changes.
    pub(crate) fn reload(&self) -> Result<Reloaded, Refusal> {
        let Some(alone) = &self.kept.alone else {
            return Err(Refusal::Controlled);
        };
        let routes = (alone.read)().map_err(Refusal::Invalid)?;
        check_halt(&self.kept.halted)?;
        let taken_up = self.take_up(&routes, WithoutDisk::Refused);
        let reloaded = taken_up.map_err(refused)?;
        let (taken_up, gone) = (reloaded.taken_up.len(), reloaded.gone.len());
        tracing::info!(taken_up, gone, "read the file again");
        Ok(reloaded)
    }

    /// The same for a signal, which nobody waits for: the log says what became of it.
    pub(crate) fn reload_as_told(&self) {
        if let Err(refusal) = self.reload() {
            tracing::error!(
                ?refusal,
                "did not take up the file; what was in effect stays"
            );
        }
    }

    /// The disk is waited for without the lock, as with a raise: a trip goes ahead of it.
    fn take_up(&self, file: &Routes, without_disk: WithoutDisk) -> Result<Reloaded, RouterError> {
        let _one_at_a_time = locked(&self.raising);
        let mut held = locked(&self.held);
        held.check_own().map_err(told)?;
        for _ in 0..RAISE_TRIES {
            let planned = self.planned_by(&held, file)?;
            let before = held.file.replace(file.clone());
            let table = held.table(&planned.services);
            held.file = before;
            drop(held);
            let kept = self.kept.disk.save(&table);
            let mut is_kept = true;
            held = locked(&self.held);
            if let Err(source) = kept {
                let path = self.kept.disk.path();
                if without_disk == WithoutDisk::Refused {
                    return Err(RouterError::Folder { path, source });
                }
                tracing::error!(table.path = %path.display(), why = %source, "{UNKEPT}");
                is_kept = false;
            }
            if Arc::ptr_eq(&planned.base, &self.core.live.load_full()) {
                held.file = Some(file.clone());
                held.listeners.extend(planned.bound);
                self.core.swap(planned.services);
                self.settle(&mut held);
                if !is_kept {
                    self.save_late(&held);
                }
                return Ok(planned.reloaded);
            }
            // What was written is not in effect, and may never be.
            self.save_late(&held);
        }
        Err(RouterError::File("the table moves all the time".to_owned()))
    }

    fn planned_by(&self, held: &Held, file: &Routes) -> Result<Planned, RouterError> {
        let base = self.core.live.load_full();
        let nothing = Routes::new();
        let before = held.file.as_ref().unwrap_or(&nothing);
        let mut services = Services::new();
        let mut reloaded = Reloaded::default();
        for (key, route) in file {
            let kept = base.services.get(key);
            let entry = if let Some(kept) = kept.filter(|_| before.get(key) == Some(route)) {
                kept.clone()
            } else {
                reloaded.taken_up.push(key.clone());
                let entry = self.of_file(&base, key, (before.get(key), route));
                Arc::new(entry.map_err(told)?)
            };
            services.insert(key.clone(), entry);
        }
        let all = base.services.keys();
        reloaded.gone = all.filter(|key| !file.contains_key(key)).cloned().collect();
        let bound = bound(held, &services)?;
        let is_held =
            |address| held.listeners.contains_key(&address) || bound.contains_key(&address);
        check_listeners(&services, is_held).map_err(told)?;
        Ok(Planned {
            base,
            services,
            bound,
            reloaded,
        })
    }

    /// The entry that a service of the file becomes. Where its origins and their shares are as the file
    /// had them, the split in effect goes on, and with it what watches it.
    fn of_file(
        &self,
        live: &Live,
        key: &ServiceKey,
        (before, route): (Option<&Route>, &Route),
    ) -> Result<Entry, Refusal> {
        check_route(key, route)?;
        let mut next = generation(live, key);
        next.0 = next.0.saturating_add(1);
        let kept = live.services.get(key);
        let kept = kept.filter(|_| before.is_some_and(|before| before.slots == route.slots));
        let with = |slots: &Route| Route {
            slots: slots.slots.clone(),
            ..route.clone()
        };
        let tripwire = kept.and_then(|entry| entry.armed.as_ref()).map(|armed| {
            let mut tripwire = armed.tripwire.clone();
            for back in tripwire.way_back.values_mut() {
                *back = with(back);
            }
            tripwire
        });
        let split = kept.map_or_else(|| route.clone(), |entry| with(&entry.route));
        let entry = self.core.entry(key, next, split, tripwire);
        check_capacity(key, None, &entry, false)?;
        check_certificates(key, &entry)?;
        Ok(entry)
    }
}

/// Listens where the services want it and nobody does yet.
fn bound(
    held: &Held,
    services: &Services,
) -> Result<BTreeMap<SocketAddr, Arc<TcpListener>>, RouterError> {
    let mut bound = BTreeMap::new();
    let named = || services.values().flat_map(|entry| &entry.route.listeners);
    let needed = named().map(|listen| (listen.address, true));
    let asked = named().filter_map(|listen| listen.metrics);
    for (address, is_needed) in needed.chain(asked.map(|address| (address, false))) {
        if held.listeners.contains_key(&address) || bound.contains_key(&address) {
            continue;
        }
        let listener = match TcpListener::bind(address) {
            Ok(listener) => listener,
            Err(source) if is_needed => return Err(RouterError::Address { address, source }),
            // What is served is not served less because nobody can ask for metrics.
            Err(why) => {
                tracing::error!(%address, %why, "nobody can ask for metrics");
                continue;
            }
        };
        let listener = checked(address, listener.into()).map_err(told)?;
        bound.insert(address, Arc::new(listener));
    }
    Ok(bound)
}

fn told(refusal: Refusal) -> RouterError {
    RouterError::File(match refusal {
        Refusal::Invalid(what) => what,
        other => format!("{other:?}"),
    })
}

/// The same for whoever asks over the socket.
fn refused(error: RouterError) -> Refusal {
    let cause = std::error::Error::source(&error);
    let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
    match error {
        RouterError::File(what) => invalid(what),
        RouterError::Folder { .. } => {
            Refusal::NotKept(format!("the table could not be kept{cause}"))
        }
        RouterError::Taken { .. }
        | RouterError::Socket { .. }
        | RouterError::Start(_)
        | RouterError::OtherKind { .. }
        | RouterError::Address { .. }
        | RouterError::Place(_)
        | RouterError::Session(_) => invalid(format!("{error}{cause}")),
    }
}
