//! What is stable and hangs leaves a trace: an instance that lives and answers its readiness probe no more is
//! noted, and that it is ready again.
//!
//! The router asks them anyway, and keeps when they lapsed; here it is only asked what it saw.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use windlass_control::{Lapses, ObservedTable};
use windlass_edge::StartInstance;
use windlass_model::{Happened, Happening, InstanceId, InstanceOf, Millis, Probe, Reckoned};

use crate::asking;
use crate::chronicle::cut;
use crate::controller::Shared;
use crate::{keeper, promotion_times};

/// Time between two looks. The router has the times: what is seen late is told with its own.
const LOOK: Millis = Millis::from_secs(2);

/// What is noted, of every instance that is followed, and what whoever looks remembers.
#[derive(Default)]
pub(crate) struct Noted {
    known: BTreeMap<InstanceId, Known>,
    /// When this controller began.
    begun_us: i64,
    /// When somebody looked last.
    looked: Option<Millis>,
    /// Those of the last look; none before the first one, for which the journal is asked.
    followed: Option<BTreeSet<InstanceId>>,
    /// Since when those are seen ready of which another life of the router knows no lapse.
    ready_since: BTreeMap<InstanceId, Millis>,
}

/// How far it is noted of one.
#[derive(Clone, Default)]
struct Known {
    /// The life of the router that counts.
    by: String,
    /// When the series began.
    first_us: i64,
    /// When the last one began.
    last_us: i64,
    begun: u32,
    over: u32,
    /// When the last one was over.
    over_us: i64,
    /// Since when it is not ready, where that it is again is to be noted.
    open_us: Option<i64>,
}

impl Noted {
    /// Takes up what was noted, newest first.
    pub(crate) fn remember(&mut self, before: &[(u64, Happening)]) {
        let mut ready_again: BTreeMap<&InstanceId, &Happening> = BTreeMap::new();
        for (_, happening) in before {
            let Some(id) = happening.of.as_ref().map(|of| &of.instance) else {
                continue;
            };
            match (&happening.what, &happening.reckoned) {
                (Happened::InstanceReadyAgain { .. }, _) => {
                    ready_again.entry(id).or_insert(happening);
                    let known = self.known.get_mut(id);
                    let known = known.filter(|known| known.over == 0);
                    if let (Some(known), Some(counted)) = (known, &happening.reckoned) {
                        known.add_over(counted, happening.at_us);
                    }
                }
                (Happened::InstanceUnready { .. }, Some(counted)) => {
                    let newer = ready_again.get(id);
                    let known = self.known.entry(id.clone());
                    known.or_insert_with(|| Known::of_row(happening, counted, newer.copied()));
                }
                _ => {}
            }
        }
    }
}

impl Known {
    /// `newer`: that it was ready again since.
    fn of_row(unready: &Happening, counted: &Reckoned, newer: Option<&Happening>) -> Self {
        let mut known = Self {
            by: counted.by.clone(),
            first_us: counted.since_us,
            last_us: unready.at_us,
            begun: counted.count,
            over: 0,
            over_us: 0,
            open_us: newer.is_none().then_some(unready.at_us),
        };
        if let Some((newer, counted)) = newer.and_then(|it| Some((it, it.reckoned.as_ref()?))) {
            known.add_over(counted, newer.at_us);
        }
        known
    }

    fn add_over(&mut self, counted: &Reckoned, at_us: i64) {
        if self.is_of(&counted.by, counted.since_us) {
            (self.over, self.over_us) = (counted.count, at_us);
        }
    }

    fn is_of(&self, by: &str, first_us: i64) -> bool {
        self.by == by && self.first_us == first_us
    }

    /// As if all of it were noted, but for one that goes on.
    fn of_past(by: &str, lapses: &Lapses) -> Self {
        let over = lapses.over.as_ref();
        Self {
            by: by.to_owned(),
            first_us: lapses.first_us,
            last_us: over.map_or(0, |over| over.since_us),
            begun: lapses.count - u32::from(lapses.is_open()),
            over: lapses.ended(),
            over_us: over.map_or(0, |over| over.at_us),
            open_us: None,
        }
    }

    /// As if all of it were noted that began before then. How many of a series that goes on after it did is not
    /// known; the last one did not.
    fn of_candidate(by: &str, lapses: &Lapses, until_us: i64) -> Self {
        let past = Self::of_past(by, lapses);
        if lapses.last_us < until_us || lapses.is_open() {
            return past;
        }
        Self {
            last_us: until_us,
            begun: past.begun.saturating_sub(1),
            over: past.over.saturating_sub(1),
            over_us: until_us,
            ..past
        }
    }
}

/// Looks from now on, as long as this controller is heard. While deployments run somebody asks the router
/// anyway, and says what is seen.
pub(crate) fn begin(shared: &Rc<Shared>) {
    let begun_us = shared.border.clock.calendar_us();
    shared.chronicle.lapses.borrow_mut().begun_us = begun_us;
    let shared_too = Rc::clone(shared);
    shared.border.spawner.spawn(Box::pin(async move {
        while !shared_too.keeper.is_silenced() {
            shared_too.border.clock.sleep(LOOK).await;
            let is_first = shared_too.chronicle.lapses.borrow().followed.is_none();
            if is_first || !shared_too.lookout.is_looking() {
                look(&shared_too).await;
            }
        }
    }));
}

async fn look(shared: &Rc<Shared>) {
    if wanted(shared).is_empty() {
        // What begins to be followed later was not there yet.
        let mut noted = shared.chronicle.lapses.borrow_mut();
        noted.followed = Some(BTreeSet::new());
    } else if let Ok(table) = asking::in_effect(shared).await {
        if shared.chronicle.lapses.borrow().followed.is_none() {
            take_up(shared, &table).await;
        }
        saw(shared, &table);
    }
}

/// Before the first look: nothing was noted of what a candidate did, and the router knows it still. It counts as
/// told, as it did for the controller that promoted it.
async fn take_up(shared: &Rc<Shared>, table: &ObservedTable) {
    let wanted = wanted(shared);
    let untold: BTreeMap<&InstanceId, &Lapses> = {
        let noted = shared.chronicle.lapses.borrow();
        let all = wanted
            .iter()
            .filter(|(id, _)| !noted.known.contains_key(*id));
        let lapsed = all.filter_map(|(id, request)| {
            let slots = &table.services.get(&request.service)?.slots;
            Some((id, slots.get(&request.slot)?.lapses.get(id)?))
        });
        lapsed.collect()
    };
    let ids = untold.keys().map(|id| (*id).clone()).collect();
    let promoted = promotion_times::of(shared, ids).await;
    let mut noted = shared.chronicle.lapses.borrow_mut();
    for (id, lapses) in untold {
        if let Some(&at_us) = promoted.get(id).filter(|at_us| lapses.first_us < **at_us) {
            let known = Known::of_candidate(&table.boot.0, lapses, at_us);
            noted.known.insert(id.clone(), known);
        }
    }
    // What was promoted meanwhile is new.
    noted.followed = Some(wanted.into_keys().collect());
}

fn wanted(shared: &Shared) -> BTreeMap<InstanceId, StartInstance> {
    let mut wanted = keeper::wanted(shared);
    wanted.retain(|_, request| is_asked(request));
    wanted
}

/// Notes what the router says, if that was not looked at just before. What comes before the first look is left
/// to that.
pub(crate) fn saw(shared: &Shared, table: &ObservedTable) {
    let work = shared.border.clock.work();
    let has_begun = shared.chronicle.lapses.borrow().followed.is_some();
    let looked = shared.chronicle.lapses.borrow().looked;
    if !has_begun || looked.is_some_and(|looked| work.less(looked) < LOOK) {
        return;
    }
    let wanted = wanted(shared);
    let look = Look { shared };
    for (id, request) in &wanted {
        look.at(id, request, table);
    }
    let mut noted = shared.chronicle.lapses.borrow_mut();
    noted.known.retain(|id, _| wanted.contains_key(id));
    noted.ready_since.retain(|id, _| wanted.contains_key(id));
    noted.followed = Some(wanted.into_keys().collect());
    noted.looked = Some(work);
}

/// Whoever looks.
struct Look<'s> {
    shared: &'s Shared,
}

/// One instance, and what is seen of it.
struct Seen<'s> {
    of: InstanceOf,
    probe: &'s Probe,
    by: &'s str,
    /// Whether it was not followed at the last look.
    is_new: bool,
}

impl Look<'_> {
    fn at(&self, id: &InstanceId, request: &StartInstance, table: &ObservedTable) {
        let entry = table.services.get(&request.service);
        let Some(slot) = entry.and_then(|entry| entry.slots.get(&request.slot)) else {
            return;
        };
        let is_new = {
            let noted = self.shared.chronicle.lapses.borrow();
            let followed = noted.followed.as_ref();
            followed.is_some_and(|followed| !followed.contains(id))
        };
        let seen = Seen {
            of: InstanceOf {
                service: request.service.clone(),
                instance: id.clone(),
            },
            probe: &request.spec.ready,
            by: &table.boot.0,
            is_new,
        };
        match slot.lapses.get(id) {
            Some(lapses) => self.lapsed(&seen, lapses),
            None if slot.ready.contains(id) => self.is_ready(&seen),
            None => self.forget_ready(id),
        }
    }

    /// Notes what is not noted yet of what the router says.
    fn lapsed(&self, seen: &Seen<'_>, lapses: &Lapses) {
        let id = &seen.of.instance;
        self.forget_ready(id);
        let known = self.shared.chronicle.lapses.borrow().known.get(id).cloned();
        let known = match known {
            Some(known) => known,
            // What was while it was brought is told by who brought it.
            None if seen.is_new => {
                let past = Known::of_past(seen.by, lapses);
                self.put(id, past.clone());
                past
            }
            None => Known::default(),
        };
        if self.shared.chronicle.ends.borrow().is_gone(id) {
            // That is noted: who does not live does not hang.
            let open_us = None;
            let known = known.with(seen.by, lapses);
            return self.put(id, Known { open_us, ..known });
        }
        let news = known.news(seen, lapses);
        let explained = known.open_us.is_none() && self.is_explained(seen, lapses);
        let begins = |it: &Happening| matches!(it.what, Happened::InstanceUnready { .. });
        if explained && news.iter().any(begins) {
            if !lapses.is_open() {
                self.put(id, Known::of_past(seen.by, lapses));
            }
            return;
        }
        for happening in news {
            self.note(happening);
        }
        let known = known.with(seen.by, lapses);
        self.put(id, known);
    }

    /// Whether it was started again just before: that is noted, and it may take its time until it is ready.
    fn is_explained(&self, seen: &Seen<'_>, lapses: &Lapses) -> bool {
        let ends = self.shared.chronicle.ends.borrow();
        let ended = ends.explains(&seen.of.instance, lapses.last_us, patience(seen.probe));
        let over = lapses.over.as_ref().filter(|_| !lapses.is_open());
        let until_us = over.map_or_else(|| self.now_us(), |over| over.at_us);
        let within = i64::try_from(seen.probe.within.as_millis()).unwrap_or(i64::MAX);
        let within_us = within.saturating_mul(1_000);
        ended.is_some_and(|ended_us| until_us.saturating_sub(ended_us) <= within_us)
    }

    /// It is ready, and the router knows of no lapse: one that another life of it saw is over once this one
    /// would have seen it too.
    fn is_ready(&self, seen: &Seen<'_>) {
        let id = &seen.of.instance;
        let known = self.shared.chronicle.lapses.borrow().known.get(id).cloned();
        let Some((known, since_us)) = known.and_then(|it| Some((it.clone(), it.open_us?))) else {
            return;
        };
        let work = self.shared.border.clock.work();
        let since = {
            let mut noted = self.shared.chronicle.lapses.borrow_mut();
            *noted.ready_since.entry(id.clone()).or_insert(work)
        };
        if work.less(since) < patience(seen.probe) {
            return;
        }
        let now = self.now_us();
        let what = Happened::InstanceReadyAgain { since_us };
        let mut happening = Happening::once(now, Some(seen.of.clone()), what);
        happening.found_us = Some(now);
        self.shared.chronicle.note(happening);
        self.forget_ready(id);
        let open_us = None;
        self.put(id, Known { open_us, ..known });
    }

    fn forget_ready(&self, id: &InstanceId) {
        let mut noted = self.shared.chronicle.lapses.borrow_mut();
        noted.ready_since.remove(id);
    }

    fn note(&self, mut happening: Happening) {
        let begun_us = self.shared.chronicle.lapses.borrow().begun_us;
        let was_there = happening.at_us >= begun_us;
        happening.found_us = (!was_there).then(|| self.now_us());
        self.shared.chronicle.note(happening);
    }

    fn put(&self, id: &InstanceId, known: Known) {
        let mut noted = self.shared.chronicle.lapses.borrow_mut();
        noted.known.insert(id.clone(), known);
    }

    fn now_us(&self) -> i64 {
        self.shared.border.clock.calendar_us()
    }
}

impl Known {
    /// What is not noted yet, in order.
    fn news(&self, seen: &Seen<'_>, lapses: &Lapses) -> Vec<Happening> {
        let is_same = self.is_of(seen.by, lapses.first_us);
        // Another life of the router sees anew what goes on since.
        let goes_on = self.open_us.filter(|_| !is_same);
        let (begun, over) = match goes_on {
            _ if is_same => (self.begun, self.over),
            Some(_) => (1, 0),
            None => (0, 0),
        };
        let noted = |what, (at_us, first_us), (count, counted): (u32, u32)| {
            let mut happening = Happening::once(at_us, Some(seen.of.clone()), what);
            (happening.first_us, happening.count) = (first_us, count);
            happening.reckoned = Some(Reckoned {
                by: seen.by.to_owned(),
                since_us: lapses.first_us,
                count: counted,
                is_over: false,
            });
            happening
        };
        let begun = lapses.count.saturating_sub(begun);
        let unready = (begun > 0).then(|| {
            let saw = cut(lapses.saw.clone());
            let first_us = match begun {
                1 => lapses.last_us,
                // Nobody saw when: after what is noted.
                _ if is_same => self.last_us,
                _ => lapses.first_us,
            };
            let times = (lapses.last_us, first_us);
            let what = Happened::InstanceUnready { saw };
            noted(what, times, (begun, lapses.count))
        });
        // Of what was not told its end is not.
        let told = begun + u32::from(self.open_us.is_some());
        let over = lapses.ended().saturating_sub(over).min(told);
        let last = lapses.over.as_ref().filter(|_| over > 0);
        let again = last.map(|last| {
            let since_us = self.open_since(seen.by, (lapses, last.count));
            let since_us = since_us.unwrap_or(last.since_us);
            let first_us = match over {
                1 => last.at_us,
                _ if is_same && self.over > 0 => self.over_us,
                _ => last.first_us,
            };
            let what = Happened::InstanceReadyAgain { since_us };
            noted(what, (last.at_us, first_us), (over, last.count))
        });
        let both = if lapses.is_open() {
            [again, unready]
        } else {
            [unready, again]
        };
        both.into_iter().flatten().collect()
    }

    /// Since when the one of this number goes on, if it was open already when it was last noted: another life
    /// of the router knows it as its first one.
    fn open_since(&self, by: &str, (lapses, number): (&Lapses, u32)) -> Option<i64> {
        let known = if self.is_of(by, lapses.first_us) {
            self.begun
        } else {
            1
        };
        self.open_us.filter(|_| number == known)
    }

    /// From now on all of it is noted.
    fn with(&self, by: &str, lapses: &Lapses) -> Self {
        let since_us = self.open_since(by, (lapses, lapses.count));
        let over = lapses.over.as_ref();
        Self {
            by: by.to_owned(),
            first_us: lapses.first_us,
            last_us: lapses.last_us,
            begun: lapses.count,
            over: lapses.ended(),
            over_us: over.map_or(0, |over| over.at_us),
            open_us: lapses.is_open().then(|| since_us.unwrap_or(lapses.last_us)),
        }
    }
}

/// Whether the router asks it: nobody else does outside of a deployment.
fn is_asked(request: &StartInstance) -> bool {
    request.spec.listen.is_some() && request.spec.ready.asks_the_instance()
}

/// How long bad answers may take until they count.
fn patience(probe: &Probe) -> Millis {
    let each = probe.every.plus(probe.timeout).as_millis();
    Millis::from_millis(each.saturating_mul(u64::from(probe.fall)))
}
