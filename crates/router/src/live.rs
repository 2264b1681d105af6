//! The table in effect: one immutable value, and the state that outlives it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use windlass_control::{Generation, Lapses, Passage};
use windlass_model::{
    Instance, InstanceId, Probe, ProbeKind, Route, ServiceKey, SlotId, Speaks, Version,
};

use crate::certificate::Certificate;
use crate::choice::{Choice, Chosen, Says};
use crate::core::{locked, now_us};
use crate::counts::Counts;
use crate::cut::Cuts;
use crate::dealing::Dealing;
use crate::doors::Behind;
use crate::limits::{RETRY_BURST, UNSEEN_BURST};
use crate::longest::Longest;
use crate::mirror::Mirror;
use crate::passage::Shut;
use crate::resting::Resting;
use crate::retry::Budget;
use crate::terms::Terms;
use crate::ticks::Who;
use crate::watch::{Armed, Watch};
use crate::wheel::Wheel;

/// The entries of a table.
pub(crate) type Services = BTreeMap<ServiceKey, Arc<Entry>>;

/// The table. Never changed, only replaced.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// Per service.
    pub(crate) services: Services,
    /// What is behind a listener.
    pub(crate) doors: BTreeMap<SocketAddr, Behind>,
    /// Whose metrics are told where.
    pub(crate) metrics: BTreeMap<SocketAddr, BTreeSet<ServiceKey>>,
}

impl Live {
    /// Whether a service has anything come in at `address`.
    pub(crate) fn names(&self, address: &SocketAddr) -> bool {
        self.doors.contains_key(address) || self.metrics.contains_key(address)
    }
}

/// One service's entry.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) generation: Generation,
    pub(crate) route: Route,
    pub(crate) service: Arc<ServiceState>,
    /// In the order of the route's slots.
    pub(crate) slots: Vec<EntrySlot>,
    /// Which split it is: another number wherever shares change, never used twice in one life of the
    /// router.
    pub(crate) split: u64,
    /// What may take it back.
    pub(crate) armed: Option<Armed>,
    /// In the order of the route's listeners: what each shows, if it speaks TLS.
    pub(crate) certificates: Vec<Vec<Arc<Certificate>>>,
    /// Who gets copies of its requests.
    pub(crate) mirror: Option<Arc<Mirror>>,
    pub(crate) passage: Passage,
    /// When that opens by itself: calendar time in microseconds.
    pub(crate) until_us: Option<i64>,
    /// Why it takes no request now, if it takes none.
    pub(crate) shut: Option<Shut>,
    /// What decides beside the turn, if anything does.
    pub(crate) choice: Option<Box<Choice>>,
    pub(crate) terms: Terms,
    wheel: Wheel,
}

/// One slot of an entry.
#[derive(Debug)]
pub(crate) struct EntrySlot {
    pub(crate) state: Arc<SlotState>,
    pub(crate) weight: u8,
    pub(crate) instances: Vec<Arc<InstanceState>>,
    pub(crate) probe: Probe,
    /// Who judges its answers, if it is a candidate that a tripwire watches.
    pub(crate) watch: Option<Arc<Watch>>,
    /// Who watches the candidate beside it, if one does.
    pub(crate) beside: Option<Arc<Watch>>,
}

impl Entry {
    /// What is shown to clients of an address.
    pub(crate) fn shown_at(&self, address: SocketAddr) -> impl Iterator<Item = Arc<Certificate>> {
        let listeners = self.route.listeners.iter().zip(&self.certificates);
        let here = listeners.filter(move |(listen, _)| listen.address == address);
        let all = here.flat_map(|(_, certificates)| certificates);
        all.filter(|one| one.pair().is_some()).cloned()
    }

    pub(crate) fn new(
        generation: Generation,
        route: Route,
        service: Arc<ServiceState>,
        slots: Vec<EntrySlot>,
        armed: Option<Armed>,
    ) -> Self {
        let weights: Vec<u8> = slots.iter().map(|s| s.weight).collect();
        let shares: Vec<_> = slots.iter().map(|s| (s.state.slot, s.weight)).collect();
        Self {
            mirror: None,
            passage: Passage::Open,
            until_us: None,
            shut: Shut::of(Passage::Open, route.mode),
            choice: Choice::new(&service.who.service, &route.traffic, &shares).map(Box::new),
            terms: Terms::new(&route.traffic),
            generation,
            route,
            service,
            slots,
            split: 0,
            armed,
            certificates: Vec::new(),
            wheel: Wheel::new(&weights),
        }
    }

    /// Opens or shuts it, for a time or for good.
    pub(crate) fn set_passage(&mut self, passage: Passage, until_us: Option<i64>) {
        self.passage = passage;
        self.until_us = until_us.filter(|_| !passage.is_open());
        self.shut = Shut::of(passage, self.route.mode);
    }

    /// The slot of a request: the one it is meant for, or whose turn it is; takes the turn then.
    pub(crate) fn choose(&self, says: Says<'_>) -> Option<Chosen> {
        let turn = || self.service.position.fetch_add(1, Ordering::Relaxed);
        let choice = self.choice.as_ref();
        if let Some(chosen) = choice.and_then(|choice| choice.of(says, turn)) {
            return Some(chosen);
        }
        self.wheel.turn(turn()).map(Chosen::plain)
    }

    /// The place of `slot` if it may take requests now.
    pub(crate) fn open_place(&self, slot: SlotId) -> Option<usize> {
        let serves = self.shut.is_none();
        self.slots
            .iter()
            .position(|s| serves && s.weight > 0 && s.state.slot == slot)
    }
}

impl EntrySlot {
    /// An instance not in `tried`, ready ones first, in turn. One that rests comes after other ready
    /// ones, unless more than half rest: then it is not the instances, and those that are left would be
    /// overrun.
    pub(crate) fn pick(&self, tried: &[u64]) -> Option<Arc<InstanceState>> {
        let count = self.instances.len();
        if count == 0 {
            return None;
        }
        let start = self.state.next.fetch_add(1, Ordering::Relaxed) % count;
        let in_turn = || {
            (0..count)
                .map(|n| &self.instances[(start + n) % count])
                .filter(|i| !tried.contains(&i.number))
        };
        let first = in_turn().find(|i| i.is_ready());
        if first.is_some_and(|first| first.resting.is_now()) && !self.mostly_rests() {
            let awake = in_turn().find(|i| i.is_ready() && !i.resting.is_now());
            return awake.or(first).cloned();
        }
        first.or_else(|| in_turn().next()).cloned()
    }

    fn mostly_rests(&self) -> bool {
        let resting = self.instances.iter().filter(|i| i.resting.is_now());
        resting.count() * 2 > self.instances.len()
    }

    /// Whether anything here could take a request.
    pub(crate) fn has_ready(&self) -> bool {
        self.instances.iter().any(|i| i.is_ready())
    }
}

/// What a service keeps from table to table.
#[derive(Debug)]
pub(crate) struct ServiceState {
    /// Requests split so far: the position on the wheel.
    position: AtomicU64,
    /// Requests that may still be sent again.
    pub(crate) budget: Budget,
    /// Those of which an instance says that it has not looked at them.
    pub(crate) unseen: Budget,
    /// Requests that wait until it takes some.
    pub(crate) waiting: AtomicU64,
    /// Requests at once, where those are limited.
    pub(crate) admitted: AtomicU64,
    /// What the router answered by itself.
    pub(crate) own: Counts,
    /// Times that its candidate was taken back.
    pub(crate) trips: AtomicU64,
    pub(crate) who: Arc<Who>,
}

impl ServiceState {
    pub(crate) fn new(key: ServiceKey, shards: usize) -> Self {
        Self {
            position: AtomicU64::new(0),
            budget: Budget::of(RETRY_BURST),
            unseen: Budget::of(UNSEEN_BURST),
            waiting: AtomicU64::new(0),
            admitted: AtomicU64::new(0),
            own: Counts::new(shards),
            trips: AtomicU64::new(0),
            who: Arc::new(Who {
                service: key,
                slot: None,
            }),
        }
    }
}

/// What a slot keeps from table to table, and after it has left the table until it is drained.
#[derive(Debug)]
pub(crate) struct SlotState {
    pub(crate) slot: SlotId,
    /// Requests begun and not ended. Read only after a fence that follows the swap.
    pub(crate) in_flight: AtomicI64,
    pub(crate) cuts: Cuts,
    next: AtomicUsize,
    pub(crate) counts: Counts,
    pub(crate) dealing: Dealing,
    /// How long its answers lately took to begin.
    pub(crate) longest: Longest,
    /// How long clients lately waited for one that did not begin, and left.
    pub(crate) left: Longest,
    pub(crate) who: Arc<Who>,
}

impl SlotState {
    pub(crate) fn new(key: ServiceKey, slot: SlotId, version: Version, shards: usize) -> Self {
        Self {
            slot,
            in_flight: AtomicI64::new(0),
            cuts: Cuts::new(shards),
            next: AtomicUsize::new(0),
            counts: Counts::new(shards),
            dealing: Dealing::default(),
            longest: Longest::new(shards),
            left: Longest::new(shards),
            who: Arc::new(Who {
                service: key,
                slot: Some((slot, version)),
            }),
        }
    }

    /// How many requests are open now.
    pub(crate) fn open(&self) -> u64 {
        u64::try_from(self.in_flight.load(Ordering::SeqCst)).unwrap_or(0)
    }
}

/// What an instance keeps from table to table.
#[derive(Debug)]
pub(crate) struct InstanceState {
    /// Never used twice in one life of the router.
    pub(crate) number: u64,
    pub(crate) id: InstanceId,
    pub(crate) address: SocketAddr,
    pub(crate) speaks: Speaks,
    ready: AtomicBool,
    /// How it ceased to be ready in this life of the router.
    lapses: Mutex<Option<Lapses>>,
    pub(crate) resting: Resting,
    retired: AtomicBool,
}

impl InstanceState {
    /// Ready, because the controller routes only instances that it has proven.
    pub(crate) fn new(number: u64, instance: &Instance, speaks: Speaks) -> Self {
        Self {
            number,
            id: instance.id.clone(),
            address: instance.address,
            speaks,
            ready: AtomicBool::new(true),
            lapses: Mutex::default(),
            resting: Resting::new(),
            retired: AtomicBool::new(false),
        }
    }

    /// Whether its last probes were good.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// Notes what the probes say now.
    pub(crate) fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
    }

    /// Notes that it is ready again, or is so no more and what was seen then.
    pub(crate) fn turn(&self, lapse: Option<String>) {
        self.set_ready(lapse.is_none());
        let at_us = now_us();
        let mut lapses = locked(&self.lapses);
        let known = lapses.take();
        *lapses = match lapse {
            Some(saw) => Some(Lapses::begun(known, saw, at_us)),
            // None where it was not ready when this router began to look.
            None => known.map(|known| known.ended_at(at_us)),
        };
    }

    /// How it ceased to be ready, if it did.
    pub(crate) fn lapses(&self) -> Option<Lapses> {
        locked(&self.lapses).clone()
    }

    /// Whether no table names it any more: connections to it are not kept.
    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Relaxed)
    }

    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }
}

/// Whether the router asks instances with this probe at all.
pub(crate) fn is_probed(probe: &Probe) -> bool {
    match probe.kind {
        ProbeKind::Http { .. } | ProbeKind::Tcp => true,
        ProbeKind::Alive { .. } | ProbeKind::Command { .. } => false,
    }
}
