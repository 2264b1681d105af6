//! What is stable is kept running.
//!
//! One task follows each stable and standby instance that nobody is stopping. One that has ended,
//! whose keeper on the machine is lost, or that a restart of the machine took, is started again
//! under its id and address. The journal says that it runs: no row of its own is needed. What has ended is
//! noted in the chronicle.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use futures_util::lock::Mutex;
use windlass_control::Restart;
use windlass_edge::{EdgeError, ErrorKind, InstanceState, StartInstance};
use windlass_engine::rollout::Begun;
use windlass_model::{
    AppName, DeploymentId, Environment, EnvironmentName, InstanceEnd, InstanceId, InstanceOf,
    Millis, ServiceKey, ServiceName, ServiceState, Slot,
};

use crate::controller::Shared;
use crate::ends::{self, Looked};
use crate::{chronicle, perform};

/// Most instances that it starts at the same time: after a restart of the machine all are gone.
const STARTS_AT_ONCE: usize = 8;

/// Time before the second try; the first one is at once.
const WAIT_FIRST: Millis = Millis::from_secs(1);

/// Longest time between two tries.
const WAIT_LONGEST: Millis = Millis::from_secs(60);

/// What ran for so long counts as well again: its next end is a first one.
const RAN_WELL: Millis = Millis::from_secs(60);

/// Time before a watch that broke is begun anew.
const WATCH_AGAIN: Millis = Millis::from_secs(1);

type Place = (AppName, EnvironmentName);

/// Who is followed, and who is left alone.
pub(crate) struct Keeper {
    follows: RefCell<BTreeMap<InstanceId, Rc<Follow>>>,
    places: [Mutex<()>; STARTS_AT_ONCE],
    next_place: Cell<usize>,
    /// Environments that are being taken down, and who held the lock when that began.
    resting: RefCell<BTreeMap<Place, Option<DeploymentId>>>,
    /// Services of damaged deployments: nobody knows what was being stopped.
    doubtful: RefCell<BTreeMap<DeploymentId, BTreeSet<ServiceName>>>,
    /// Whether a newer controller has spoken.
    silenced: Cell<bool>,
}

impl Default for Keeper {
    fn default() -> Self {
        Self {
            follows: RefCell::default(),
            places: std::array::from_fn(|_| Mutex::default()),
            next_place: Cell::default(),
            resting: RefCell::default(),
            doubtful: RefCell::default(),
            silenced: Cell::default(),
        }
    }
}

/// One instance as others see it.
struct Follow {
    request: RefCell<StartInstance>,
    /// Dropped when it is to be left alone.
    stays: RefCell<Option<oneshot::Sender<()>>>,
    /// Held while it is being started: who stops it waits for that.
    busy: Rc<Mutex<()>>,
    trouble: RefCell<Option<String>>,
    /// Whether somebody has looked at it since this controller follows it.
    seen: Cell<bool>,
}

impl Follow {
    fn is_wanted(&self) -> bool {
        self.stays.borrow().is_some()
    }

    fn leave(&self) {
        self.stays.borrow_mut().take();
    }
}

impl Keeper {
    /// A deployment whose journal is damaged holds a lock: what it changes is left as it is.
    pub(crate) fn doubt(&self, id: &DeploymentId, services: BTreeSet<ServiceName>) {
        self.doubtful.borrow_mut().insert(id.clone(), services);
    }

    /// Whether an environment is being taken down.
    pub(crate) fn rests(&self, environment: &Environment) -> bool {
        let place = (environment.app.clone(), environment.environment.clone());
        self.resting.borrow().contains_key(&place)
    }

    /// Why an instance does not run, if it is being started again in vain.
    pub(crate) fn trouble(&self, instance: &InstanceId) -> Option<String> {
        let follows = self.follows.borrow();
        follows.get(instance)?.trouble.borrow().clone()
    }

    /// Waits until nobody is starting an instance that was left alone. To be asked before it is
    /// stopped: a start that arrives after the stop would leave it running.
    pub(crate) async fn let_go(&self, instance: &InstanceId) {
        let follow = self.follows.borrow().get(instance).cloned();
        if let Some(follow) = follow {
            follow.leave();
            drop(follow.busy.lock().await);
        }
    }

    /// Whether a newer controller has spoken.
    pub(crate) fn is_silenced(&self) -> bool {
        self.silenced.get()
    }

    fn silence(&self, error: &EdgeError) {
        if !self.silenced.replace(true) {
            tracing::error!("this controller keeps nothing any more: {}", error.chain());
        }
        self.follows.borrow().values().for_each(|f| f.leave());
    }
}

/// From now on nothing of an environment is started again: it is being taken down. Should that not
/// come to its end, it stays so until a deployment begins there or another controller starts.
pub(crate) fn rest(shared: &Rc<Shared>, environment: &Environment) {
    let place = (environment.app.clone(), environment.environment.clone());
    let lock = environment.lock.clone();
    shared.keeper.resting.borrow_mut().insert(place, lock);
    follow(shared);
}

/// Follows exactly what is stable or stands by now, and nobody is stopping. To be asked whenever
/// that may have changed, before an instance is stopped.
pub(crate) fn follow(shared: &Rc<Shared>) {
    let keeper = &shared.keeper;
    if keeper.silenced.get() {
        return;
    }
    wake(shared);
    let in_slots = in_slots(shared);
    shared.chronicle.ends.borrow_mut().keep_only(&in_slots);
    let wanted = wanted(shared);
    let mut follows = keeper.follows.borrow_mut();
    for (instance, follow) in &*follows {
        if !wanted.contains_key(instance) {
            follow.leave();
        }
    }
    for (instance, request) in wanted {
        let known = follows.get(&instance);
        if let Some(known) = known.filter(|known| known.is_wanted()) {
            known.request.replace(request);
            continue;
        }
        let (stays, left) = oneshot::channel();
        let follow = Rc::new(Follow {
            request: RefCell::new(request),
            stays: RefCell::new(Some(stays)),
            // One that was left a moment ago may still be starting it.
            busy: known
                .map(|known| Rc::clone(&known.busy))
                .unwrap_or_default(),
            trouble: RefCell::default(),
            seen: Cell::default(),
        });
        follows.insert(instance.clone(), Rc::clone(&follow));
        let follower = Follower {
            shared: Rc::clone(shared),
            instance,
            follow,
        };
        shared.border.spawner.spawn(Box::pin(follower.run(left)));
    }
}

/// Where a deployment has begun since, nothing rests any more.
fn wake(shared: &Shared) {
    let environments = shared.environments.borrow();
    shared.keeper.resting.borrow_mut().retain(|place, before| {
        let now = environments.get(place).and_then(|e| e.lock.as_ref());
        now.is_none() || now == before.as_ref()
    });
}

/// Whatever runs in a slot, also while it is left alone: what is only being stopped may be followed again.
fn in_slots(shared: &Shared) -> BTreeSet<InstanceId> {
    let environments = shared.environments.borrow();
    let services = environments.values().flat_map(|it| it.services.values());
    let slots = services.flat_map(ServiceState::slots);
    let instances = slots.flat_map(|slot| &slot.instances);
    instances.map(|one| one.id.clone()).collect()
}

/// What is stable or stands by, and nobody is stopping.
pub(crate) fn wanted(shared: &Shared) -> BTreeMap<InstanceId, StartInstance> {
    let mut wanted = BTreeMap::new();
    for (place, environment) in &*shared.environments.borrow() {
        if shared.keeper.resting.borrow().contains_key(place) {
            continue;
        }
        let Some(spared) = spared(shared, environment) else {
            continue;
        };
        for (service, state) in &environment.services {
            let slots = state.stable.iter().chain(&state.standby);
            // A command has ended; only a deployment runs it.
            for slot in slots.filter(|slot| slot.spec.command.is_none()) {
                let key = ServiceKey {
                    app: environment.app.clone(),
                    environment: environment.environment.clone(),
                    service: service.clone(),
                };
                let requests = requests(&key, slot);
                let leaving = shared.leaving.borrow();
                wanted.extend(
                    requests.filter(|(id, _)| !spared.stops(service, id) && !leaving.contains(id)),
                );
            }
        }
    }
    wanted
}

/// What of an environment is left alone.
#[derive(Default)]
struct Spared {
    services: BTreeSet<ServiceName>,
    instances: BTreeSet<InstanceId>,
}

impl Spared {
    fn stops(&self, service: &ServiceName, instance: &InstanceId) -> bool {
        self.services.contains(service) || self.instances.contains(instance)
    }
}

/// What the deployment that holds the lock is stopping; none where nobody can tell.
fn spared(shared: &Shared, environment: &Environment) -> Option<Spared> {
    let Some(holder) = &environment.lock else {
        return Some(Spared::default());
    };
    let mut spared = Spared::default();
    if let Some(driven) = shared.running.borrow().get(holder) {
        for rollout in driven.now.borrow().rollouts.values() {
            if rollout.has_begun(Begun::StoppingOld) {
                let old = rollout.old().into_iter().flat_map(|old| &old.instances);
                spared.instances.extend(old.map(|i| i.id.clone()));
            }
        }
        return Some(spared);
    }
    let doubtful = shared.keeper.doubtful.borrow();
    spared.services.clone_from(doubtful.get(holder)?);
    Some(spared)
}

fn requests<'s>(
    service: &'s ServiceKey,
    slot: &'s Slot,
) -> impl Iterator<Item = (InstanceId, StartInstance)> + 's {
    let all = slot.instances.iter().zip(0..);
    all.map(move |(instance, ordinal)| {
        let request = StartInstance {
            service: service.clone(),
            instance: instance.clone(),
            release: slot.release.clone(),
            spec: slot.spec.clone(),
            ordinal,
            restart: Restart::BackOff,
            slot: slot.id,
            again: true,
            command: None,
        };
        (instance.id.clone(), request)
    })
}

/// How long the next try waits.
#[derive(Default)]
struct Pace {
    wait: Millis,
    started: Option<Millis>,
}

impl Pace {
    fn next(&mut self, now: Millis) -> Millis {
        let started = self.started.take();
        if started.is_some_and(|at| now.less(at) >= RAN_WELL) {
            self.wait = Millis::ZERO;
        }
        let wait = self.wait;
        self.wait = wait.plus(wait).max(WAIT_FIRST).min(WAIT_LONGEST);
        wait
    }
}

/// Follows one instance.
struct Follower {
    shared: Rc<Shared>,
    instance: InstanceId,
    follow: Rc<Follow>,
}

impl Follower {
    async fn run(self, mut left: oneshot::Receiver<()>) {
        let mut pace = Pace::default();
        loop {
            {
                let due = pin!(self.until_due(&mut pace));
                match select(due, &mut left).await {
                    Either::Left(_) => {}
                    Either::Right(_) => break,
                }
            }
            self.start(&mut pace).await;
        }
        let mut follows = self.shared.keeper.follows.borrow_mut();
        let known = follows.get(&self.instance);
        if known.is_some_and(|known| Rc::ptr_eq(known, &self.follow)) {
            follows.remove(&self.instance);
        }
    }

    /// Returns when the instance is to be started again.
    async fn until_due(&self, pace: &mut Pace) {
        let border = &self.shared.border;
        let instance = self.follow.request.borrow().instance.clone();
        let mut told = false;
        loop {
            let mut states = border.target.watch(&instance);
            while let Some(state) = states.next().await {
                self.note(&state).await;
                match state {
                    InstanceState::Running { .. } if told => {}
                    // Whoever promoted it may have died before telling it so.
                    InstanceState::Running { .. } => {
                        self.follow.trouble.take();
                        perform::keep(border, &self.instance).await;
                        told = true;
                    }
                    InstanceState::Ended(_) | InstanceState::Absent => {
                        let wait = pace.next(border.clock.work());
                        return border.clock.sleep(wait).await;
                    }
                }
            }
            border.clock.sleep(WATCH_AGAIN).await;
        }
    }

    /// Notes an end that is not noted yet.
    async fn note(&self, state: &InstanceState) {
        let request = self.follow.request.borrow().clone();
        let over = match state {
            InstanceState::Running { .. } => None,
            InstanceState::Ended(end) => Some(end.clone()),
            InstanceState::Absent => Some(InstanceEnd::Unknown),
        };
        let found = !self.follow.seen.replace(true);
        let looked = Looked { over, found };
        ends::look(&self.shared, &self.of(&request), &request.instance, looked).await;
    }

    fn of(&self, request: &StartInstance) -> InstanceOf {
        InstanceOf {
            service: request.service.clone(),
            instance: self.instance.clone(),
        }
    }

    async fn start(&self, pace: &mut Pace) {
        let keeper = &self.shared.keeper;
        let turn = keeper.next_place.get();
        keeper.next_place.set(turn.wrapping_add(1));
        let _one_of_some = match keeper.places.get(turn % STARTS_AT_ONCE) {
            Some(place) => Some(place.lock().await),
            None => None,
        };
        let _nobody_stops_it_meanwhile = self.follow.busy.lock().await;
        if !self.follow.is_wanted() {
            return;
        }
        let error = match self.try_start().await {
            Ok(()) => {
                pace.started = Some(self.shared.border.clock.work());
                self.follow.trouble.take();
                return;
            }
            Err(error) if error.kind == ErrorKind::Refused => return keeper.silence(&error),
            Err(error) => error.chain(),
        };
        let known = self.follow.trouble.replace(Some(error.clone()));
        if known.as_ref() != Some(&error) {
            tracing::warn!("{} can't be started again: {error}", self.instance);
            let of = self.of(&self.follow.request.borrow());
            chronicle::note_not_started(&self.shared, &of, &error);
        }
    }

    async fn try_start(&self) -> Result<(), EdgeError> {
        let target = &self.shared.border.target;
        let request = self.follow.request.borrow().clone();
        match target.observe(&request.instance).await? {
            InstanceState::Running { .. } => Ok(()),
            InstanceState::Ended(_) | InstanceState::Absent => {
                tracing::info!("{} has ended and is started again", self.instance);
                target.start(&request).await
            }
        }
    }
}
