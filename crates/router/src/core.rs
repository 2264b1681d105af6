//! What all threads of the router share.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio_rustls::rustls::{Error as TlsError, ServerConfig};
use windlass_acme::{Orders, Store};
use windlass_control::{
    Generation, ObservedConnections, ObservedRoute, ObservedSlot, RouterBoot, Tripwire,
};
use windlass_model::{Instance, Listen, Percent, Route, RouteSlot, ServiceKey, SlotId, Tls};

use crate::access::AccessQueue;
use crate::certificate::{Certificate, Certificates};
use crate::counts::Counts;
use crate::desk::Desks;
use crate::doors;
use crate::elder::Carried;
use crate::guests::Guests;
use crate::known::Known;
use crate::leaving::Leaving;
use crate::live::{Entry, EntrySlot, InstanceState, Live, Services, SlotState};
use crate::mirror::Mirror;
use crate::ordering::Gate;
use crate::outlets::Outlets;
use crate::secure;
use crate::silence::Stable;
use crate::ticks::Ticks;
use crate::watch::{Alarm, Armed, Grounds, Watch};

/// The sockets on which requests are accepted now.
pub(crate) type Doors = Arc<BTreeMap<SocketAddr, Arc<std::net::TcpListener>>>;

/// Shared by data threads, control threads and upkeep.
pub(crate) struct Core {
    pub(crate) boot: RouterBoot,
    pub(crate) begun: Instant,
    /// The same by the calendar, microseconds since 1970 UTC.
    pub(crate) begun_us: i64,
    /// Data threads, and so shards of every count.
    pub(crate) shards: usize,
    pub(crate) live: ArcSwap<Live>,
    /// Told at each swap.
    pub(crate) swapped: watch::Sender<u64>,
    pub(crate) doors: watch::Sender<Doors>,
    /// The sockets on which metrics are asked for now.
    pub(crate) told: watch::Sender<Doors>,
    pub(crate) leaving: Leaving,
    ending: watch::Sender<bool>,
    is_ending: AtomicBool,
    /// Data threads that have ended.
    pub(crate) ended: watch::Sender<usize>,
    /// Client connections that may be open at once.
    pub(crate) capacity: usize,
    /// Client connections and tunnels open now.
    pub(crate) connections: AtomicUsize,
    /// Connections to instances that may be open at once.
    pub(crate) outlets: Arc<Outlets>,
    /// Where data threads hand each other connections.
    pub(crate) desks: Desks,
    numbers: AtomicU64,
    /// Splits there ever were.
    splits: AtomicU64,
    pub(crate) known: Mutex<Known>,
    pub(crate) ticks: Mutex<Ticks>,
    /// Rings when a tripwire may have fired.
    pub(crate) alarm: Arc<Alarm>,
    /// What listeners that speak TLS show.
    pub(crate) certificates: Certificates,
    /// Those of them that the router orders itself.
    pub(crate) orders: Orders,
    /// Shut where another router orders them.
    pub(crate) ordering: Gate,
    /// What they have in common.
    tls: ServerConfig,
    /// Who is connected.
    pub(crate) guests: Arc<Guests>,
    /// What the router answered to requests of no service.
    pub(crate) nobodys: Counts,
    /// Where requests are written down.
    pub(crate) access: AccessQueue,
    /// What another router still carries whose place this one took.
    pub(crate) carried: Carried,
}

/// Takes a lock that no thread can leave half done: what it guards is consistent between calls.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calendar time, microseconds since 1970 UTC.
pub(crate) fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let micros = since.map_or(0, |since| since.as_micros());
    i64::try_from(micros).unwrap_or(i64::MAX)
}

impl Core {
    pub(crate) fn new(shards: usize, capacity: usize, state: &Path) -> Result<Self, TlsError> {
        Ok(Self {
            boot: RouterBoot(uuid::Uuid::new_v4().simple().to_string()),
            begun: Instant::now(),
            begun_us: now_us(),
            shards,
            live: ArcSwap::from_pointee(Live::default()),
            swapped: watch::Sender::new(0),
            doors: watch::Sender::new(Arc::default()),
            told: watch::Sender::new(Arc::default()),
            leaving: Leaving::new(),
            ending: watch::Sender::new(false),
            is_ending: AtomicBool::new(false),
            ended: watch::Sender::new(0),
            capacity,
            connections: AtomicUsize::new(0),
            outlets: Outlets::beside(capacity),
            desks: Desks::new(shards),
            numbers: AtomicU64::new(0),
            splits: AtomicU64::new(0),
            known: Mutex::default(),
            ticks: Mutex::default(),
            alarm: Arc::default(),
            certificates: Certificates::default(),
            orders: Orders::new(Store::new(state)),
            ordering: Gate::new(),
            tls: secure::common()?,
            guests: Guests::new(capacity),
            nobodys: Counts::new(shards),
            access: AccessQueue::new(),
            carried: Carried::default(),
        })
    }

    /// Begins the end: no new connections, open requests get their time. Idempotent.
    pub(crate) fn end(&self) {
        self.is_ending.store(true, Ordering::SeqCst);
        self.ending.send_replace(true);
    }

    /// Whether the end has begun.
    pub(crate) fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Relaxed)
    }

    /// Becomes true when the end begins.
    pub(crate) fn ending(&self) -> watch::Receiver<bool> {
        self.ending.subscribe()
    }

    /// Arms `tripwire` in place of what `before` has. What was seen of the same candidate by the
    /// same threshold still counts.
    fn armed(&self, before: Option<&Arc<Entry>>, route: &Route, tripwire: Tripwire) -> Armed {
        let old = before.and_then(|entry| entry.armed.as_ref());
        let grounds = Grounds::of(route, &tripwire);
        let same =
            |old: &&Armed| old.tripwire.slot == tripwire.slot && old.watch.judges_by(&grounds);
        let watch = old.filter(same).map(|old| old.watch.clone());
        let fresh = || Arc::new(Watch::new(grounds, self.shards, self.alarm.clone()));
        Armed {
            watch: watch.unwrap_or_else(fresh),
            tripwire,
        }
    }

    /// Has every tripwire listen whether its candidate still answers.
    pub(crate) fn listen(&self) {
        for entry in self.live.load().services.values() {
            if let Some(armed) = &entry.armed {
                let slots = entry.slots.iter().map(|slot| &slot.state);
                let others = slots.filter(|state| state.slot != armed.tripwire.slot);
                armed.watch.listen(Stable {
                    longest: others.clone().filter_map(|state| state.longest.get()).max(),
                    left: others.filter_map(|state| state.left.get()).max(),
                });
            }
        }
    }

    /// Builds an entry, taking over the state of the services, slots and instances it names. A
    /// tripwire whose candidate has no share has nothing to take back: it is not armed.
    pub(crate) fn entry(
        &self,
        key: &ServiceKey,
        generation: Generation,
        route: Route,
        tripwire: Option<Tripwire>,
    ) -> Entry {
        let live = self.live.load();
        let before = live.services.get(key);
        let armed = tripwire
            .filter(|tripwire| route.weight(tripwire.slot) > Percent::ZERO)
            .map(|tripwire| self.armed(before, &route, tripwire));
        let mut known = locked(&self.known);
        let service = known.service(key, self.shards);
        let slots = route
            .slots
            .iter()
            .map(|slot| {
                let state = known.slot(key, (slot.slot, &slot.version), self.shards);
                let old = before.and_then(|b| b.slots.iter().find(|s| s.state.slot == slot.slot));
                let watch = |candidate: bool| {
                    let armed = armed.as_ref();
                    let is = armed.filter(|it| (it.tripwire.slot == slot.slot) == candidate);
                    is.map(|armed| armed.watch.clone())
                };
                EntrySlot {
                    state,
                    weight: slot.weight.get(),
                    instances: self.instances(slot, old),
                    probe: slot.probe.clone(),
                    watch: watch(true),
                    beside: watch(false),
                }
            })
            .collect();
        let shown = |listen: &Listen| self.shown(listen, before.map(|before| &**before));
        let certificates = route.listeners.iter().map(shown).collect();
        let same = before.filter(|before| deals_as(&before.route, &route));
        let split = same.map(|before| before.split);
        let mirror = self.mirror(before, route.traffic.mirror.as_ref());
        let mut entry = Entry::new(generation, route, service, slots, armed);
        entry.split = split.unwrap_or_else(|| self.splits.fetch_add(1, Ordering::Relaxed) + 1);
        entry.certificates = certificates;
        entry.mirror = mirror;
        if let Some(before) = before {
            entry.set_passage(before.passage, before.until_us);
        }
        entry
    }

    /// What a listener shows; nothing if it speaks in the clear. As long as something is on order, what the
    /// address showed `before` stays: clients are served as they were.
    fn shown(&self, listen: &Listen, before: Option<&Entry>) -> Vec<Arc<Certificate>> {
        match &listen.tls {
            None => Vec::new(),
            Some(Tls::Files(files)) => vec![self.certificates.of(files)],
            Some(Tls::Acme { acme }) => {
                let store = self.orders.store();
                let hosts = acme.hosts.iter();
                let ordered = hosts.map(|host| {
                    let files = store.files(&acme.directory, host);
                    self.certificates.ordered(files, host)
                });
                let mut all: Vec<_> = ordered.collect();
                if all.iter().any(|ordered| ordered.pair().is_none()) {
                    let kept = before
                        .into_iter()
                        .flat_map(|entry| entry.shown_at(listen.address));
                    for one in kept {
                        if !all.iter().any(|known| Arc::ptr_eq(known, &one)) {
                            all.push(one);
                        }
                    }
                }
                all
            }
        }
    }

    /// The instances of a slot, those of them that there were already.
    fn instances(&self, slot: &RouteSlot, old: Option<&EntrySlot>) -> Vec<Arc<InstanceState>> {
        let instance = |instance: &Instance| {
            let same = |i: &&Arc<InstanceState>| {
                i.id == instance.id && i.address == instance.address && i.speaks == slot.speaks
            };
            let known = old.and_then(|old| old.instances.iter().find(same));
            known.cloned().unwrap_or_else(|| {
                let number = self.numbers.fetch_add(1, Ordering::Relaxed);
                Arc::new(InstanceState::new(number, instance, slot.speaks))
            })
        };
        slot.instances.iter().map(instance).collect()
    }

    /// Who looks on as `wanted`; the same as `before` if nothing of that changes.
    fn mirror(
        &self,
        before: Option<&Arc<Entry>>,
        wanted: Option<&windlass_model::Mirror>,
    ) -> Option<Arc<Mirror>> {
        let wanted = wanted?;
        let old = before.and_then(|entry| entry.mirror.as_ref());
        if let Some(old) = old.filter(|old| old.is(wanted)) {
            return Some(old.clone());
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        Some(Arc::new(Mirror::new(number, wanted)))
    }

    /// Puts `services` in effect: every request that enters after this sees them.
    pub(crate) fn swap(&self, services: Services) {
        let doors = doors::index(&services, &self.tls, &self.orders.answers());
        let metrics = doors::metrics(&services);
        let live = Arc::new(Live {
            services,
            doors,
            metrics,
        });
        let old = self.live.swap(live.clone());
        // The other half of `entering`: the table is out before any count is read.
        fence(Ordering::SeqCst);
        for entry in live.services.values() {
            for slot in &entry.slots {
                slot.state.dealing.begin(entry.split, slot.weight);
                slot.state.counts.count_beyond(&entry.route.thresholds);
            }
        }
        for entry in old.services.values() {
            for instance in entry.slots.iter().flat_map(|s| &s.instances) {
                let key = &entry.service.who.service;
                let kept = live.services.get(key).is_some_and(|now| {
                    let mut all = now.slots.iter().flat_map(|s| &s.instances);
                    all.any(|i| i.number == instance.number)
                });
                if !kept {
                    instance.retire();
                }
            }
        }
        self.swapped.send_modify(|count| *count += 1);
        if live.services.values().any(|entry| entry.armed.is_some()) {
            // It may be armed on a candidate that is gone already.
            self.alarm.ring();
        }
    }

    /// What is in effect, and what each slot is carrying.
    pub(crate) fn observe(&self) -> BTreeMap<ServiceKey, ObservedRoute> {
        fence(Ordering::SeqCst);
        let live = self.live.load_full();
        let observed = |entry: &Entry| ObservedRoute {
            generation: entry.generation,
            route: entry.route.clone(),
            tripwire: entry.armed.as_ref().map(|armed| armed.tripwire.clone()),
            passage: entry.passage,
            until_us: entry.until_us,
            waiting: entry.service.waiting.load(Ordering::Relaxed),
            slots: entry.slots.iter().map(observed_slot).collect(),
        };
        let services = live.services.iter();
        let mut seen = services
            .map(|(key, entry)| (key.clone(), observed(entry)))
            .collect();
        self.carried.add_to(&live, &mut seen);
        seen
    }

    /// Its clients' connections.
    pub(crate) fn connected(&self) -> ObservedConnections {
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        ObservedConnections {
            open: number(self.connections.load(Ordering::Relaxed)),
            most: number(self.capacity),
            beyond_total: self.guests.beyond_total.load(Ordering::Relaxed),
            beyond_address: self.guests.beyond_address.load(Ordering::Relaxed),
        }
    }

    /// Ends what is open on a slot, also on one that is in no table any more.
    pub(crate) fn cut(&self, service: &ServiceKey, slot: SlotId) -> u64 {
        let there = self.carried.cut(service, slot);
        let known = locked(&self.known);
        let cut = |state: &Arc<SlotState>| {
            let open = state.open();
            state.cuts.ring();
            open
        };
        let here: u64 = known.of_slot(service, slot).map(cut).sum();
        there + here
    }

    /// The same on every slot.
    pub(crate) fn cut_all(&self) {
        locked(&self.known)
            .slots()
            .for_each(|state| state.cuts.ring());
    }

    /// What is open on each slot that has anything, here and at whose place this one took.
    pub(crate) fn carries(&self) -> Vec<(ServiceKey, SlotId, u64)> {
        let live = self.live.load_full();
        fence(Ordering::SeqCst);
        let mut open: BTreeMap<(ServiceKey, SlotId), u64> = BTreeMap::new();
        for state in locked(&self.known).slots() {
            // A slot whose version was changed has a state for each of them.
            let key = state.who.service.clone();
            *open.entry((key, state.slot)).or_default() += state.open();
        }
        self.carried.pass_on(&live, &mut open);
        let any = open.into_iter().filter(|(_, open)| *open > 0);
        any.map(|((key, slot), open)| (key, slot, open)).collect()
    }

    /// Closes one interval: takes all counts into a tick, and forgets who is drained and in no table.
    pub(crate) fn tick(&self) {
        let cells = locked(&self.known).tick(Instant::now());
        // Nobody's are in no tick, only in their total.
        drop(self.nobodys.take());
        let until_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        locked(&self.ticks).push(until_ms, &cells);
    }
}

/// Whether both give every slot the same share.
fn deals_as(one: &Route, other: &Route) -> bool {
    let shares = |route: &Route| -> BTreeMap<SlotId, Percent> {
        let slots = route.slots.iter();
        slots.map(|slot| (slot.slot, slot.weight)).collect()
    };
    one.mode == other.mode && shares(one) == shares(other)
}

fn observed_slot(slot: &EntrySlot) -> (SlotId, ObservedSlot) {
    let ready = slot.instances.iter().filter(|i| i.is_ready());
    let lapses = slot.instances.iter();
    let lapses = lapses.filter_map(|i| Some((i.id.clone(), i.lapses()?)));
    let observed = ObservedSlot {
        in_flight: slot.state.open(),
        ready: ready.map(|i| i.id.clone()).collect(),
        lapses: lapses.collect(),
    };
    (slot.state.slot, observed)
}
