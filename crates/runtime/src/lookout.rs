//! One loop that looks at the router for all running deployments: trips, triggers, and a halt that
//! was lifted. It runs while a deployment does, and asks the router often only while there is
//! something that could fire.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use windlass_control::{Trip, TripRule, TripwireId};
use windlass_engine::deployment::{Course, Event};
use windlass_engine::rollout;
use windlass_model::{DeploymentId, Millis};

use crate::controller::Shared;
use crate::drive::{Driven, Input};
use crate::judge::{Judge, Word};
use crate::routes::armed_by;
use crate::{asking, halts, lapses, measure};

/// Time between two looks.
const LOOK: Millis = Millis::from_millis(100);

/// Turns between two looks at a router in which, as far as is known, nothing can fire.
const TURNS_AT_REST: u32 = 10;

/// Looks without an answer after which what is watched by answers counts as not seen: two seconds, in
/// which a router that died is back.
const UNSEEN_LOOKS: u32 = 20;

/// The same for one look that is not answered at all.
const UNSEEN_FOR: Millis = Millis::from_secs(2);

/// Replies with ticks that are read in one look: ten minutes of them come in a few.
const REPLIES_AT_ONCE: u32 = 1_000;

/// Seconds after which it is told that a trip was heard of late.
const LATE_S: u64 = 2;

/// What the loop remembers.
#[derive(Default)]
pub(crate) struct Lookout {
    is_looking: Cell<bool>,
    /// Trips on their way into a journal.
    reporting: RefCell<BTreeSet<TripwireId>>,
    /// Trips that were withheld, and are told.
    withheld: RefCell<BTreeSet<TripwireId>>,
    pub(crate) judge: RefCell<Judge>,
    /// Whether what it has seen is being kept.
    is_keeping: Cell<bool>,
    /// Looks in a row that saw no ticks because the router could not be asked.
    unseen: Cell<u32>,
}

impl Lookout {
    /// Whether it asks the router now and then.
    pub(crate) fn is_looking(&self) -> bool {
        self.is_looking.get()
    }
}

/// Looks from now on, until nothing runs and no trip is left.
pub(crate) fn begin(shared: &Rc<Shared>) {
    if shared.lookout.is_looking.replace(true) {
        return;
    }
    let shared_too = Rc::clone(shared);
    shared.border.spawner.spawn(Box::pin(async move {
        let mut rested = TURNS_AT_REST;
        let mut seen = Seen::default();
        loop {
            let is_over = shared_too.running.borrow().is_empty();
            if seen.armed || is_over || rested >= TURNS_AT_REST || may_trip(&shared_too) {
                seen = look_at_trips(&shared_too).await;
                rested = 0;
                if !seen.trips && shared_too.running.borrow().is_empty() {
                    break;
                }
            }
            look_at_ticks(&shared_too).await;
            look_at_halt(&shared_too).await;
            shared_too.border.clock.sleep(LOOK).await;
            rested += 1;
        }
        shared_too.lookout.withheld.borrow_mut().clear();
        shared_too.lookout.is_looking.set(false);
    }));
}

/// What a look at the router showed.
#[derive(Default)]
struct Seen {
    /// Whether a trip is left.
    trips: bool,
    /// Whether a tripwire is or may be armed, or a trip is left.
    armed: bool,
}

/// Whether a tripwire may be armed, or about to be.
fn may_trip(shared: &Shared) -> bool {
    let running = shared.running.borrow();
    let mut all = running.values().map(|driven| driven.now.borrow());
    all.any(|now| match now.course {
        Course::Forward | Course::Promoting => !now.wired().is_empty(),
        Course::Promoted | Course::Returning | Course::Ended(_) => false,
    })
}

/// Hands trips to their deployments. A router that can't be asked has none.
async fn look_at_trips(shared: &Rc<Shared>) -> Seen {
    let observed = shared.border.router.observe();
    let Ok(observed) = patiently(shared, observed).await else {
        // Asked again soon.
        return Seen {
            trips: false,
            armed: true,
        };
    };
    asking::note_answer(shared);
    lapses::saw(shared, &observed);
    let mut seen = Seen::default();
    for trip in observed.trips {
        seen.trips |= trip.withheld.is_none();
        look_at_trip(shared, trip);
    }
    let mut entries = observed.services.values();
    seen.armed = seen.trips || entries.any(|entry| entry.tripwire.is_some());
    seen
}

fn look_at_trip(shared: &Rc<Shared>, trip: Trip) {
    let lookout = &shared.lookout;
    let deployment = armed_by(&trip.id);
    // Its journal can't be written: the trip stays where it is safe.
    if deployment
        .as_ref()
        .is_some_and(|id| shared.poisoned.borrow().contains_key(id))
    {
        return;
    }
    let driven = deployment.and_then(|id| shared.running.borrow().get(&id).cloned());
    let known = if trip.withheld.is_some() {
        &lookout.withheld
    } else {
        &lookout.reporting
    };
    if !known.borrow_mut().insert(trip.id.clone()) {
        return;
    }
    let shared_too = Rc::clone(shared);
    shared.border.spawner.spawn(Box::pin(async move {
        let told = if let Some(driven) = &driven {
            let heard_us = shared_too.border.clock.calendar_us();
            tell(driven, &trip, heard_us).await
        } else {
            tracing::warn!("a trip of a deployment that has ended: {trip:?}");
            true
        };
        // One that was withheld is still armed, and blocks nobody.
        if trip.withheld.is_some() {
            return;
        }
        if told && let Err(error) = shared_too.border.router.acknowledge(&trip.id).await {
            tracing::warn!("trip {} was not acknowledged: {}", trip.id.0, error.chain());
        }
        // If it is still there it is told again, which changes nothing, and acknowledged again.
        shared_too.lookout.reporting.borrow_mut().remove(&trip.id);
    }));
}

/// Whether the trip is journalled.
async fn tell(driven: &Driven, trip: &Trip, heard_us: i64) -> bool {
    let saw = saw(driven, trip) + &late(trip, heard_us);
    let service = trip.service.service.clone();
    let event = if trip.withheld.is_some() {
        Event::TripWithheld { service, saw }
    } else {
        let took_back = trip.took_back.iter().map(|key| key.service.clone());
        Event::Tripped {
            service,
            took_back: took_back.collect(),
            saw,
        }
    };
    let (reply, journalled) = oneshot::channel();
    driven.inbox.send(Input::Reported { event, reply }).await;
    matches!(journalled.await, Ok(Ok(())))
}

/// The evidence in plain words.
fn saw(driven: &Driven, trip: &Trip) -> String {
    let now = driven.now.borrow();
    let rollout = now.rollouts.get(&trip.service.service);
    let rollout = rollout.filter(|rollout| rollout.candidate.id == trip.slot);
    let what = match rollout {
        Some(rollout) => format!("version {}", rollout.candidate.release.version),
        None => format!("slot {}", trip.slot),
    };
    let saw = match trip.rule {
        TripRule::Errors => format!(
            "{} of {} answers of {what} were errors",
            trip.errors, trip.answers
        ),
        TripRule::Slow => format!(
            "{} of {} answers of {what} took too long",
            trip.slow, trip.answers
        ),
        TripRule::Silent => format!(
            "{what} answers nothing any more: {} requests waited for it in vain",
            trip.slow
        ),
        TripRule::ConnectFailures => {
            format!("{what} could not be connected to, several times in a row")
        }
        TripRule::InstancesGone => format!("no instance of {what} is ready any more"),
        TripRule::Asked => format!("a person asked the router to take {what} back"),
    };
    match &trip.withheld {
        Some(key) => format!("{saw}; {} has no ready instance to go back to", key.service),
        None => saw,
    }
}

/// How long ago that was, where nobody listened for a while.
fn late(trip: &Trip, heard_us: i64) -> String {
    let late = heard_us.saturating_sub(trip.at_us) / 1_000_000;
    match u64::try_from(late) {
        Ok(late) if late >= LATE_S => {
            let late = Millis::from_secs(late);
            format!(", {late} before the controller heard of it")
        }
        Ok(_) | Err(_) => String::new(),
    }
}

/// Judges what was answered since the last look.
async fn look_at_ticks(shared: &Rc<Shared>) {
    let judge = &shared.lookout.judge;
    if !judge.borrow().has_remembered() {
        // Asked again soon: to begin anew would lose what can be had.
        let Ok(seen) = shared.border.store.seen().await else {
            return look_in_vain(shared).await;
        };
        judge.borrow_mut().remember(seen.as_deref());
    }
    judge
        .borrow_mut()
        .follow(&shared.running.borrow(), now(shared));
    if judge.borrow().is_idle() {
        return;
    }
    measure::ask(shared);
    for _reply in 0..REPLIES_AT_ONCE {
        let position = judge.borrow().position();
        let ticks = shared.border.router.ticks(position);
        let Ok((boot, ticks)) = patiently(shared, ticks).await else {
            return look_in_vain(shared).await;
        };
        asking::note_answer(shared);
        shared.lookout.unseen.set(0);
        let back = judge
            .borrow_mut()
            .sight(&shared.running.borrow(), true, now(shared));
        tell_all(shared, back).await;
        if !judge.borrow_mut().is_same(&boot) {
            continue;
        }
        if ticks.is_empty() {
            return;
        }
        let words = judge.borrow_mut().take(&ticks);
        // What fires must be journalled first: whoever goes on from here would not see it again.
        let fires = |word: &Word| matches!(word.event, rollout::Event::Triggered { .. });
        if !words.iter().any(fires) {
            keep(shared);
        }
        tell_all(shared, words).await;
    }
}

/// Keeps what was seen, if that is due. Nobody waits for it: what is lost is read again.
fn keep(shared: &Rc<Shared>) {
    let lookout = &shared.lookout;
    if lookout.is_keeping.get() {
        return;
    }
    let Some(state) = lookout.judge.borrow_mut().keeps() else {
        return;
    };
    lookout.is_keeping.set(true);
    let shared_too = Rc::clone(shared);
    shared.border.spawner.spawn(Box::pin(async move {
        if let Err(error) = shared_too.border.store.put_seen(state).await {
            tracing::warn!("what was seen of candidates is not kept: {}", error.chain());
        }
        shared_too.lookout.is_keeping.set(false);
    }));
}

/// What the router answers, however late. Meanwhile nothing is seen: one that is stopped keeps its
/// connections and answers none of them.
async fn patiently<T>(shared: &Rc<Shared>, asked: impl Future<Output = T>) -> T {
    let late = shared.border.clock.sleep(UNSEEN_FOR);
    match select(pin!(asked), late).await {
        Either::Left((answer, _)) => answer,
        Either::Right(((), asked)) => {
            lose_sight(shared).await;
            asked.await
        }
    }
}

/// Where answers can't be seen for long no bake goes on: a clock that runs then has watched nothing. It
/// is no reason to go back either.
async fn look_in_vain(shared: &Rc<Shared>) {
    let lookout = &shared.lookout;
    let looks = lookout.unseen.get().saturating_add(1);
    lookout.unseen.set(looks);
    if looks >= UNSEEN_LOOKS {
        lose_sight(shared).await;
    }
}

async fn lose_sight(shared: &Rc<Shared>) {
    let lost = {
        let mut judge = shared.lookout.judge.borrow_mut();
        judge.sight(&shared.running.borrow(), false, now(shared))
    };
    tell_all(shared, lost).await;
}

pub(crate) async fn tell_all(shared: &Rc<Shared>, words: Vec<Word>) {
    for word in words {
        if let Some(driven) = running(shared, &word.deployment) {
            driven.inbox.rollout(&word.service, word.event).await;
        }
    }
}

fn now(shared: &Shared) -> Millis {
    shared.border.clock.work()
}

fn running(shared: &Rc<Shared>, id: &DeploymentId) -> Option<Driven> {
    shared.running.borrow().get(id).cloned()
}

/// Tells deployments that a halt holds once it is lifted.
async fn look_at_halt(shared: &Rc<Shared>) {
    let held: Vec<Driven> = {
        let running = shared.running.borrow();
        let held = running.values().filter(|driven| driven.is_halted());
        held.cloned().collect()
    };
    if held.is_empty() || shared.border.brake.halted().is_some() {
        return;
    }
    halts::look(shared).await;
    for driven in held {
        driven.inbox.send(Input::Lifted).await;
    }
}
