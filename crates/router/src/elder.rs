//! The router that takes another one's place: proves itself, takes what it is given, and has the other one
//! do as it does until that has ended what it carries.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};
use windlass_control::ObservedRoute;
use windlass_model::{InstanceId, ServiceKey, SlotId};

use crate::apply::{Keeper, entries};
use crate::check::{check_certificates, checked};
use crate::core::{Core, locked};
use crate::handing::{FromNew, FromOld, TAKES_PLACE, bounded, hear, is_heard, say};
use crate::health;
use crate::keep::TableFile;
use crate::limits::{FOLLOW_EVERY, PROBE_EVERY, PROVE_TIME};
use crate::live::Live;

/// The way to the router whose place this one takes.
pub(crate) struct Elder {
    stream: UnixStream,
    pub(crate) lock: File,
    listeners: BTreeMap<SocketAddr, Arc<TcpListener>>,
}

/// What another router still carries that had this one's place before it.
#[derive(Default)]
pub(crate) struct Carried(Mutex<Option<Carrying>>);

#[derive(Default)]
struct Carrying {
    open: BTreeMap<(ServiceKey, SlotId), u64>,
    /// The table that it goes by.
    table: Option<Arc<Live>>,
    cuts: Vec<(ServiceKey, SlotId)>,
}

impl Carried {
    /// Adds to what is seen here what is open there. While it is not known to go by `live`, one more of each
    /// slot: a request may still enter.
    pub(crate) fn add_to(&self, live: &Arc<Live>, seen: &mut BTreeMap<ServiceKey, ObservedRoute>) {
        let carrying = locked(&self.0);
        let Some(carrying) = &*carrying else {
            return;
        };
        let follows = carrying.table.as_ref();
        let more = u64::from(!follows.is_some_and(|table| Arc::ptr_eq(table, live)));
        for (key, route) in seen {
            for (slot, observed) in &mut route.slots {
                let open = carrying.open.get(&(key.clone(), *slot)).copied();
                observed.in_flight += open.unwrap_or_default() + more;
            }
        }
    }

    /// Adds the same to what is open here, for the one that has taken this one's place since.
    pub(crate) fn pass_on(&self, live: &Arc<Live>, open: &mut BTreeMap<(ServiceKey, SlotId), u64>) {
        let carrying = locked(&self.0);
        let Some(carrying) = &*carrying else {
            return;
        };
        for (which, there) in &carrying.open {
            *open.entry(which.clone()).or_default() += there;
        }
        let follows = carrying.table.as_ref();
        if follows.is_some_and(|table| Arc::ptr_eq(table, live)) {
            return;
        }
        for (key, entry) in &live.services {
            for slot in &entry.slots {
                *open.entry((key.clone(), slot.state.slot)).or_default() += 1;
            }
        }
    }

    /// Has a slot cut there too; how much that is.
    pub(crate) fn cut(&self, service: &ServiceKey, slot: SlotId) -> u64 {
        let mut carrying = locked(&self.0);
        let Some(carrying) = &mut *carrying else {
            return 0;
        };
        let which = (service.clone(), slot);
        let open = carrying.open.get(&which).copied().unwrap_or_default();
        if open > 0 && !carrying.cuts.contains(&which) {
            carrying.cuts.push(which);
        }
        open
    }
}

impl Elder {
    /// The router whose place this process was started to take; none if it was started by itself.
    ///
    /// The first thing it hears comes with the lock of the state folder: whoever has a duplicate holds it.
    pub(crate) fn of_this_process() -> io::Result<Option<(Self, BTreeSet<InstanceId>)>> {
        if std::env::var_os(TAKES_PLACE).is_none() {
            return Ok(None);
        }
        let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        bounded(&stream)?;
        let (said, descriptors) = hear(&stream)?;
        let FromOld::Prove { addresses, ready } = said else {
            return Err(io::Error::other("heard something else first"));
        };
        let mut descriptors = descriptors.into_iter();
        let lock = descriptors.next().ok_or(io::ErrorKind::InvalidData)?;
        let elder = Self {
            stream,
            lock: lock.into(),
            listeners: listening(addresses, descriptors)?,
        };
        Ok(Some((elder, ready)))
    }

    /// Shows that it could serve, waits until it may, and takes what is given with that. Where the other one
    /// died meanwhile, nothing was given: it goes on with what lies on disk.
    pub(crate) fn take_place(
        &mut self,
        core: &Arc<Core>,
        state: &Path,
        ready: &BTreeSet<InstanceId>,
    ) -> io::Result<()> {
        if let Err(why) = self.proven(core, state, ready) {
            // Who is gone can't be told.
            drop(say(&self.stream, &FromNew::Unable(why.clone()), &[]));
            return Err(io::Error::other(why));
        }
        let may = say(&self.stream, &FromNew::Ready, &[]).and_then(|()| {
            // Until it is told to, or the other one is gone, or kills it.
            self.stream.set_read_timeout(None)?;
            let heard = hear(&self.stream)?;
            bounded(&self.stream)?;
            Ok(heard)
        });
        match may {
            Ok((FromOld::Begin { addresses }, descriptors)) => {
                self.listeners = listening(addresses, descriptors)?;
                Ok(())
            }
            Ok((FromOld::Prove { .. } | FromOld::Carries(_), _)) => {
                Err(io::Error::other("heard something else than the beginning"))
            }
            Err(why) => {
                tracing::warn!(%why, "the other router is gone; going on in its place");
                core.trust();
                Ok(())
            }
        }
    }

    /// The table is taken up without a listener, and probed until all that were ready are ready here, or the
    /// other one is gone.
    fn proven(
        &self,
        core: &Arc<Core>,
        state: &Path,
        ready: &BTreeSet<InstanceId>,
    ) -> Result<(), String> {
        let table = TableFile::new(state).load();
        let table = table.map_err(|why| format!("the table can't be read: {why}"))?;
        let services = table.map(|table| entries(core, &table)).transpose()?;
        let services = services.unwrap_or_default();
        for (key, entry) in &services {
            check_certificates(key, entry).map_err(|why| format!("{why:?}"))?;
        }
        core.swap(services);
        core.doubt();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|why| why.to_string())?;
        // A little less than the other one waits: it is to hear why.
        let until = Instant::now() + PROVE_TIME / 8 * 7;
        // It says nothing before it is told something: what can be read is its end.
        let is_gone = || is_heard(&self.stream).unwrap_or(true);
        let all_ready = async {
            while !ready.is_subset(&core.ready()) && !is_gone() {
                sleep(PROBE_EVERY).await;
            }
        };
        let probed = async {
            tokio::select! {
                biased;
                () = all_ready => {}
                () = async {
                    health::see(core.clone()).await;
                    // An instance that is not asked may be missing: then it takes too long.
                    std::future::pending::<()>().await;
                } => {}
            }
        };
        let left = until.saturating_duration_since(Instant::now());
        let seen = LocalSet::new().block_on(&runtime, async { timeout(left, probed).await });
        seen.map_err(|_late| {
            let now = core.ready();
            let missing: Vec<&str> = ready.difference(&now).map(InstanceId::as_str).collect();
            format!("its probes do not find {} ready", missing.join(", "))
        })
    }

    /// The sockets that are served from now on.
    pub(crate) fn listeners(&mut self) -> BTreeMap<SocketAddr, Arc<TcpListener>> {
        std::mem::take(&mut self.listeners)
    }

    /// Says that this one serves.
    pub(crate) fn serves(&self, core: &Core) {
        *locked(&core.carried.0) = Some(Carrying::default());
        if let Err(why) = say(&self.stream, &FromNew::Serves, &[]) {
            tracing::warn!(%why, "the other router is gone");
        }
    }

    /// Has the other one do as this one does, until it has ended or this one ends: not before it, if another one
    /// has taken its place meanwhile, which knows of the other one by this one only.
    pub(crate) fn lead(&self, keeper: &Keeper) {
        while !keeper.core.is_ending() || locked(&keeper.held).is_given_away {
            if let Err(why) = self.once(keeper) {
                tracing::info!(%why, "the router that was here before has ended");
                break;
            }
            std::thread::park_timeout(FOLLOW_EVERY);
        }
        *locked(&keeper.core.carried.0) = None;
    }

    fn once(&self, keeper: &Keeper) -> io::Result<()> {
        let live = keeper.core.live.load_full();
        let (known, cuts) = {
            let mut carrying = locked(&keeper.core.carried.0);
            let carrying = carrying.get_or_insert_default();
            let known = carrying.table.as_ref();
            let known = known.is_some_and(|table| Arc::ptr_eq(table, &live));
            (known, std::mem::take(&mut carrying.cuts))
        };
        let table = || {
            let table = locked(&keeper.held).table(&live.services);
            serde_json::to_value(table)
        };
        let table = if known { None } else { Some(table()?) };
        say(&self.stream, &FromNew::Follow { table, cuts }, &[])?;
        let (said, _) = hear(&self.stream)?;
        let FromOld::Carries(open) = said else {
            return Err(io::Error::other("it says something else"));
        };
        let mut carrying = locked(&keeper.core.carried.0);
        let carrying = carrying.get_or_insert_default();
        let open = open.into_iter();
        carrying.open = open.map(|(key, slot, n)| ((key, slot), n)).collect();
        carrying.table = Some(live);
        Ok(())
    }
}

fn listening(
    addresses: Vec<SocketAddr>,
    descriptors: impl IntoIterator<Item = OwnedFd>,
) -> io::Result<BTreeMap<SocketAddr, Arc<TcpListener>>> {
    let mut all = BTreeMap::new();
    for (address, socket) in addresses.into_iter().zip(descriptors) {
        let listener = checked(address, socket);
        let listener = listener.map_err(|why| io::Error::other(format!("{why:?}")))?;
        all.insert(address, Arc::new(listener));
    }
    Ok(all)
}
