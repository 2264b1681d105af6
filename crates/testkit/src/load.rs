//! Requests that come to the router, as its ticks show them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use windlass_control::{SlotCounts, Tick};
use windlass_model::{LATENCY_EDGES_US, Millis, Percent, ServiceKey, SlotId};

use crate::front::Front;

/// Length of a tick.
const TICK_MS: u64 = 1_000;

/// Ticks that are kept: ten minutes.
const TICKS_KEPT: u64 = 600;

/// Values, each from a time on.
type Said = Vec<(Millis, u64)>;

/// Requests as they are told to come, for ticks.
#[derive(Debug, Default)]
pub(crate) struct Load {
    per_second: RefCell<BTreeMap<ServiceKey, Said>>,
    errors: RefCell<BTreeMap<(ServiceKey, SlotId), Said>>,
    takes: RefCell<BTreeMap<(ServiceKey, SlotId), Said>>,
}

fn at(said: Option<&Said>, when: Millis) -> u64 {
    let mut newest = said.into_iter().flatten().rev();
    newest
        .find(|(from, _)| *from <= when)
        .map_or(0, |(_, value)| *value)
}

impl Load {
    pub(crate) fn comes(&self, service: &ServiceKey, from: Millis, per_second: u64) {
        let mut all = self.per_second.borrow_mut();
        all.entry(service.clone())
            .or_default()
            .push((from, per_second));
    }

    pub(crate) fn fails(&self, service: &ServiceKey, slot: SlotId, from: Millis, percent: u64) {
        let mut all = self.errors.borrow_mut();
        all.entry((service.clone(), slot))
            .or_default()
            .push((from, percent));
    }

    pub(crate) fn takes(&self, service: &ServiceKey, slot: SlotId, from: Millis, micros: u64) {
        let mut all = self.takes.borrow_mut();
        all.entry((service.clone(), slot))
            .or_default()
            .push((from, micros));
    }

    /// Times of so many answers of one slot: eight of ten take what was said, one a quarter more and one
    /// twice as much. None where nothing was said.
    fn times(&self, service: &ServiceKey, slot: SlotId, when: Millis, answers: u64) -> Vec<u64> {
        let mut latency = vec![0; LATENCY_EDGES_US.len() + 1];
        let key = (service.clone(), slot);
        let micros = at(self.takes.borrow().get(&key), when);
        if micros > 0 {
            let tenth = answers / 10;
            for (count, time) in [
                (answers - 2 * tenth, micros),
                (tenth, micros * 5 / 4),
                (tenth, micros * 2),
            ] {
                latency[LATENCY_EDGES_US.partition_point(|edge| *edge < time)] += count;
            }
        }
        latency
    }

    /// The services that requests come to.
    pub(crate) fn services(&self) -> BTreeSet<ServiceKey> {
        self.per_second.borrow().keys().cloned().collect()
    }

    /// Answers and errors of one slot with `weight` in the second that ends at `when`.
    pub(crate) fn counts(
        &self,
        service: &ServiceKey,
        slot: SlotId,
        weight: Percent,
        when: Millis,
    ) -> (u64, u64) {
        let all = at(self.per_second.borrow().get(service), when);
        let answers = all * u64::from(weight.get()) / 100;
        let key = (service.clone(), slot);
        let percent = at(self.errors.borrow().get(&key), when);
        (answers, answers * percent / 100)
    }
}

impl Front {
    /// From now on so many requests come to `service` in a second.
    pub fn requests_come(&self, service: &ServiceKey, per_second: u64) {
        self.load.comes(service, self.time.now(), per_second);
    }

    /// From now on so many of a hundred answers of `slot` are errors. Only ticks show them: no
    /// tripwire fires of it, unless [`Front::trip`] says so.
    pub fn errors(&self, service: &ServiceKey, slot: SlotId, percent: u64) {
        self.load.fails(service, slot, self.time.now(), percent);
    }

    /// From now on answers of `slot` take so many microseconds, and a few of them more.
    pub fn answers_take(&self, service: &ServiceKey, slot: SlotId, micros: u64) {
        self.load.takes(service, slot, self.time.now(), micros);
    }

    pub(crate) fn ticks(&self, after: u64) -> Vec<Tick> {
        let lived = self.time.now().less(self.booted.get()).as_millis();
        let newest = lived / TICK_MS;
        let first = newest.saturating_sub(TICKS_KEPT).max(after) + 1;
        let tick = |number| Tick {
            number,
            until_ms: number * TICK_MS,
            services: self.counts(
                self.booted
                    .get()
                    .plus(Millis::from_millis(number * TICK_MS)),
            ),
        };
        (first..=newest).map(tick).collect()
    }

    /// What each slot answered in the interval that ended at `when`.
    fn counts(&self, when: Millis) -> BTreeMap<ServiceKey, Vec<SlotCounts>> {
        let splits = self.splits.borrow();
        let mut counted = BTreeMap::new();
        for service in self.load.services() {
            let mut past = splits.iter().rev();
            let split = past.find(|split| split.service == service && split.at <= when);
            // A tick in which the split changed has no share of its own.
            let begun = when.less(Millis::from_millis(TICK_MS));
            let steady = split.is_some_and(|split| split.at <= begun);
            let slots = split.iter().flat_map(|split| &split.route);
            let fed = slots.flat_map(|route| &route.slots);
            let counts = fed.filter_map(|slot| {
                let (answers, errors) = self.load.counts(&service, slot.slot, slot.weight, when);
                (answers > 0).then(|| SlotCounts {
                    slot: Some(slot.slot),
                    version: Some(slot.version.clone()),
                    answers: [0, answers - errors, 0, 0, errors],
                    latency: self.load.times(&service, slot.slot, when, answers),
                    dealt: answers,
                    share: Some(slot.weight).filter(|_| steady),
                    ..SlotCounts::default()
                })
            });
            let counts: Vec<SlotCounts> = counts.collect();
            if !counts.is_empty() {
                counted.insert(service, counts);
            }
        }
        counted
    }
}
