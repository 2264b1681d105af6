//! The router's metrics: what it tells of the services that are asked for.
//!
//! Nothing is counted for it: the totals grow when ticks are taken, and the rest is what is in effect. A
//! label names a service, a slot of it or its version, or one of a few fixed words: nothing that a client
//! says becomes one. So there are as many series as the tables of the last minutes have slots, times a
//! constant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use windlass_model::{LATENCY_EDGES_US, ServiceKey, SlotId, Version};

use crate::apply::Keeper;
use crate::core::{Core, locked};
use crate::exposition::{Form, Kind, Labels, Page, Seconds};
use crate::limits::TOLD_SLOTS;
use crate::live::{Entry, EntrySlot, Live, SlotState};
use crate::process;
use crate::total::Total;

/// Status classes, in the order in which answers are counted.
const CODES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The edges of the histogram that is told: few of those that are counted, for each is a series.
const TOLD_EDGES_US: [u64; 15] = [
    500, 1_000, 2_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000, 30_000_000,
];

/// A number of a slot.
type OfSlot = (
    &'static str,
    Kind,
    &'static str,
    fn(&SlotRow) -> Option<u64>,
);

/// A number of a service.
type OfService = (&'static str, Kind, &'static str, fn(&ServiceRow) -> u64);

const OF_SLOTS: [OfSlot; 8] = [
    (
        "windlass_router_connect_failures",
        Kind::Counter,
        "Attempts to connect to an instance that failed.",
        |row| Some(row.total.connect_failures),
    ),
    (
        "windlass_router_broken_answers",
        Kind::Counter,
        "Requests whose answer did not come, or broke off.",
        |row| Some(row.total.broken),
    ),
    (
        "windlass_router_retries",
        Kind::Counter,
        "Requests sent again; each attempt that was answered is among the requests.",
        |row| Some(row.total.retries),
    ),
    (
        "windlass_router_client_aborts",
        Kind::Counter,
        "Requests whose client left, or broke off its body, before it had the whole answer.",
        |row| Some(row.total.left),
    ),
    (
        "windlass_router_requests_in_flight",
        Kind::Gauge,
        "Requests begun and not ended, to the last byte of the answer or the end of the tunnel.",
        |row| Some(row.in_flight),
    ),
    (
        "windlass_router_slot_instances",
        Kind::Gauge,
        "Instances that the table has for the slot.",
        |row| row.now.as_ref().map(|now| now.instances),
    ),
    (
        "windlass_router_slot_instances_ready",
        Kind::Gauge,
        "Those among them whose last probes were good.",
        |row| row.now.as_ref().map(|now| now.ready),
    ),
    (
        "windlass_router_slot_watched",
        Kind::Gauge,
        "1 for a candidate that a tripwire watches, 0 for any other slot.",
        |row| row.now.as_ref().map(|now| u64::from(now.watched)),
    ),
];

const OF_SERVICES: [OfService; 5] = [
    (
        "windlass_router_waiting_requests",
        Kind::Gauge,
        "Requests that wait until the service takes some.",
        |row| row.waiting,
    ),
    (
        "windlass_router_generation",
        Kind::Gauge,
        "How often the service's entry in the table was changed.",
        |row| row.generation,
    ),
    (
        "windlass_router_tripwire_armed",
        Kind::Gauge,
        "1 while a tripwire watches a candidate.",
        |row| u64::from(row.armed),
    ),
    (
        "windlass_router_tripwire_withheld",
        Kind::Gauge,
        "1 while a tripwire has fired and nothing is ready to go back to.",
        |row| u64::from(row.withheld),
    ),
    (
        "windlass_router_trips",
        Kind::Counter,
        "Times that the candidate was taken back, by the tripwire or as a person asked.",
        |row| row.trips,
    ),
];

/// A slot as it stands in the table.
struct Now {
    share: u8,
    instances: u64,
    ready: u64,
    watched: bool,
}

/// What is told of one slot.
struct SlotRow {
    labels: Labels,
    total: Total,
    in_flight: u64,
    /// None for one that has left the table.
    now: Option<Now>,
}

/// What is told of one service.
struct ServiceRow {
    labels: Labels,
    own: Total,
    waiting: u64,
    generation: u64,
    armed: bool,
    withheld: bool,
    trips: u64,
}

/// The page for whoever asks at an address that tells of `services`.
pub(crate) fn page(keeper: &Keeper, services: &BTreeSet<ServiceKey>, form: Form) -> String {
    let core = &keeper.core;
    let live = core.live.load_full();
    let slots = locked(&core.known).slots_of(services);
    let unlisted = slots.len().saturating_sub(TOLD_SLOTS);
    let slots: Vec<SlotRow> = slots
        .iter()
        .take(TOLD_SLOTS)
        .filter_map(|state| slot_row(state, &live))
        .collect();
    let services = service_rows(keeper, services, &live);
    let mut page = Page::new(form);
    tell_requests(&mut page, &slots);
    tell_times(&mut page, &slots);
    for (name, kind, help, of) in OF_SLOTS {
        page.family(name, kind, help);
        let name = whole(name, kind);
        for row in &slots {
            if let Some(value) = of(row) {
                page.sample(&name, &row.labels, value);
            }
        }
    }
    tell_shares(&mut page, &slots);
    tell_own(&mut page, &services);
    for (name, kind, help, of) in OF_SERVICES {
        page.family(name, kind, help);
        let name = whole(name, kind);
        for row in &services {
            page.sample(&name, &row.labels, of(row));
        }
    }
    tell_router(&mut page, keeper, unlisted);
    process::tell(&mut page, core.begun_us);
    page.end()
}

/// The name of a family's samples.
fn whole(name: &str, kind: Kind) -> String {
    match kind {
        Kind::Counter => format!("{name}_total"),
        Kind::Gauge | Kind::Histogram => name.to_owned(),
    }
}

fn labels_of(key: &ServiceKey) -> Labels {
    Labels::default()
        .with("app", key.app.as_str())
        .with("environment", key.environment.as_str())
        .with("service", key.service.as_str())
}

fn labels_of_slot(key: &ServiceKey, (slot, version): &(SlotId, Version)) -> Labels {
    let labels = labels_of(key).with("slot", &slot.to_string());
    labels.with("version", &version.0)
}

fn slot_row(state: &Arc<SlotState>, live: &Live) -> Option<SlotRow> {
    let who = &state.who;
    let entry = live.services.get(&who.service);
    let slots = entry.into_iter().flat_map(|entry| &entry.slots);
    let mut slots = slots.filter(|slot| Arc::ptr_eq(&slot.state, state));
    Some(SlotRow {
        labels: labels_of_slot(&who.service, who.slot.as_ref()?),
        total: state.counts.total(),
        in_flight: state.open(),
        now: slots.next().map(now),
    })
}

fn now(slot: &EntrySlot) -> Now {
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let ready = slot.instances.iter().filter(|instance| instance.is_ready());
    Now {
        share: slot.weight,
        instances: number(slot.instances.len()),
        ready: number(ready.count()),
        watched: slot.watch.is_some(),
    }
}

fn service_rows(keeper: &Keeper, services: &BTreeSet<ServiceKey>, live: &Live) -> Vec<ServiceRow> {
    let withheld: BTreeSet<ServiceKey> = locked(&keeper.held).withheld.keys().cloned().collect();
    let row = |key: &ServiceKey, entry: &Entry| ServiceRow {
        labels: labels_of(key),
        own: entry.service.own.total(),
        waiting: entry.service.waiting.load(Relaxed),
        generation: entry.generation.0,
        armed: entry.armed.is_some(),
        withheld: withheld.contains(key),
        trips: entry.service.trips.load(Relaxed),
    };
    let told = services.iter().take(TOLD_SLOTS);
    told.filter_map(|key| Some(row(key, live.services.get(key)?)))
        .collect()
}

fn tell_codes(page: &mut Page, name: &str, labels: &Labels, answers: &[u64; 5]) {
    for (code, count) in CODES.into_iter().zip(answers) {
        page.sample(name, &labels.with("code", code), count);
    }
}

fn tell_requests(page: &mut Page, slots: &[SlotRow]) {
    let name = "windlass_router_requests";
    let help = "Answers of a slot's instances, by the class of their status.";
    page.family(name, Kind::Counter, help);
    let name = whole(name, Kind::Counter);
    for row in slots {
        tell_codes(page, &name, &row.labels, &row.total.answers);
    }
    let name = "windlass_router_bytes";
    let help =
        "Bytes of bodies and of upgraded connections, received from clients and sent to them.";
    page.family(name, Kind::Counter, help);
    let name = whole(name, Kind::Counter);
    for row in slots {
        let (received, sent) = (row.total.received, row.total.sent);
        for (direction, bytes) in [("received", received), ("sent", sent)] {
            page.sample(&name, &row.labels.with("direction", direction), bytes);
        }
    }
}

fn tell_times(page: &mut Page, slots: &[SlotRow]) {
    let name = "windlass_router_request_duration_seconds";
    let help = "Time from the head of a request to the head of its answer.";
    page.family(name, Kind::Histogram, help);
    let (bucket, sum, count) = (
        format!("{name}_bucket"),
        format!("{name}_sum"),
        format!("{name}_count"),
    );
    for SlotRow { labels, total, .. } in slots {
        for edge in TOLD_EDGES_US {
            let counted = LATENCY_EDGES_US.partition_point(|counted| *counted <= edge);
            let within: u64 = total.latency.iter().take(counted).sum();
            let labels = labels.with("le", &Seconds(edge).to_string());
            page.sample(&bucket, &labels, within);
        }
        let all: u64 = total.latency.iter().sum();
        page.sample(&bucket, &labels.with("le", "+Inf"), all);
        page.sample(&sum, labels, Seconds(total.waited_us));
        page.sample(&count, labels, all);
    }
}

fn tell_shares(page: &mut Page, slots: &[SlotRow]) {
    let name = "windlass_router_slot_share_ratio";
    page.family(
        name,
        Kind::Gauge,
        "The slot's share of what comes, from 0 to 1.",
    );
    for row in slots {
        if let Some(now) = &row.now {
            page.sample(name, &row.labels, f64::from(now.share) / 100.0);
        }
    }
}

fn tell_own(page: &mut Page, services: &[ServiceRow]) {
    let name = "windlass_router_own_answers";
    let help = "Answers that the router gave by itself instead of an instance.";
    page.family(name, Kind::Counter, help);
    let name = whole(name, Kind::Counter);
    for row in services {
        tell_codes(page, &name, &row.labels, &row.own.answers);
    }
}

fn tell_router(page: &mut Page, keeper: &Keeper, unlisted: usize) {
    let core: &Core = &keeper.core;
    let none = Labels::default();
    let name = "windlass_router_unrouted_requests";
    let help = "Requests of no service, which the router answered by itself.";
    page.family(name, Kind::Counter, help);
    let nobodys = core.nobodys.total().answers;
    tell_codes(page, &whole(name, Kind::Counter), &none, &nobodys);
    let connected = core.connected();
    let name = "windlass_router_connections_refused";
    page.family(
        name,
        Kind::Counter,
        "Connections of clients that were closed at once.",
    );
    for (limit, count) in [
        ("listener", connected.beyond_total),
        ("client", connected.beyond_address),
    ] {
        let name = whole(name, Kind::Counter);
        page.sample(&name, &none.with("limit", limit), count);
    }
    let gauges: BTreeMap<&str, (&str, u64)> = [
        (
            "windlass_router_connections",
            ("Connections of clients that are open.", connected.open),
        ),
        (
            "windlass_router_connections_limit",
            ("How many of them there may be.", connected.most),
        ),
        (
            "windlass_router_epoch",
            (
                "Number of the controller that it obeys; 0 without one.",
                locked(&keeper.held).epoch.0,
            ),
        ),
        (
            "windlass_router_unlisted_slots",
            (
                "Slots beyond those that one answer tells of.",
                u64::try_from(unlisted).unwrap_or(u64::MAX),
            ),
        ),
    ]
    .into();
    for (name, (help, value)) in gauges {
        page.family(name, Kind::Gauge, help);
        page.sample(name, &none, value);
    }
    let name = "windlass_router_table_swaps";
    page.family(
        name,
        Kind::Counter,
        "Times that a new table was put in effect.",
    );
    let swaps = *core.swapped.borrow();
    page.sample(&whole(name, Kind::Counter), &none, swaps);
    let name = "windlass_build_info";
    page.family(name, Kind::Gauge, "The program that runs; always 1.");
    let version = none.with("version", env!("CARGO_PKG_VERSION"));
    page.sample(name, &version, 1);
}
