//! From actions to calls at the border, and from their outcomes to events.
//!
//! Every action is observed before it is done, so that one asked for again after a crash takes no
//! effect twice.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::lock::Mutex;
use windlass_control::Restart;
use windlass_edge::{
    EdgeError, ErrorKind, InstanceState, RunAt, StartCommand, StartInstance, Stopped,
};
use windlass_engine::deployment::{Action, Wire};
use windlass_engine::rollout::{self, Rollout};
use windlass_model::{
    AppName, DeploymentId, EnvironmentName, InstanceId, Millis, ServiceKey, ServiceName,
};

use crate::border::Border;
use crate::controller::Shared;
use crate::drive::{Driven, Inbox};
use crate::lanes::Lane;
use crate::routes::Wish;
use crate::timers::Timers;
use crate::unseen::Unseen;
use crate::{hearing, last_words};

/// Tries of a call whose failure may pass.
pub(crate) const TRIES: u32 = 5;

/// Pause between two tries.
pub(crate) const TRY_AGAIN: Millis = Millis::from_millis(200);

/// Performs the actions of one deployment.
pub(crate) struct Performer {
    hands: Rc<Hands>,
}

/// What the tasks of one deployment share.
pub(crate) struct Hands {
    pub(crate) shared: Rc<Shared>,
    pub(crate) inbox: Inbox,
    /// Which deployment.
    pub(crate) id: DeploymentId,
    app: AppName,
    environment: EnvironmentName,
    starting: Vec<Mutex<()>>,
    next_start: Cell<usize>,
    timers: Timers,
    unseen: Unseen,
    /// The newest route attempt asked for per service: an older one that waits is let go.
    pub(crate) newest: RefCell<BTreeMap<ServiceName, u32>>,
}

impl Performer {
    pub(crate) fn new(shared: &Rc<Shared>, driven: &Driven) -> Self {
        let deployment = driven.now.borrow();
        let plan = &deployment.plan;
        let hands = Hands {
            shared: Rc::clone(shared),
            inbox: driven.inbox.clone(),
            id: deployment.id.clone(),
            app: plan.app.clone(),
            environment: plan.environment.clone(),
            starting: (0..plan.parallel.max(1)).map(|_| Mutex::new(())).collect(),
            next_start: Cell::new(0),
            timers: driven.timers.clone(),
            unseen: driven.unseen.clone(),
            newest: RefCell::default(),
        };
        Self {
            hands: Rc::new(hands),
        }
    }

    /// Starts one action; its outcome comes to the inbox.
    pub(crate) fn perform(&self, action: Action) {
        let hands = Rc::clone(&self.hands);
        match action {
            Action::ConfirmPromotion => {
                let lane = Lane::Promotion(hands.id.clone());
                self.queue(lane, async move { hands.confirm().await });
            }
            Action::Arm(wires) => {
                let lane = Lane::Promotion(hands.id.clone());
                self.queue(lane, async move { hands.arm(wires).await });
            }
            Action::Rename(names) => self.spawn(async move { hands.rename(names).await }),
            Action::Prove(services) => self.spawn(async move { hands.prove(services).await }),
            Action::Rollout {
                service,
                action,
                wires,
            } => self.rollout(service, action, wires),
        }
    }

    fn rollout(
        &self,
        service: ServiceName,
        action: rollout::Action,
        wires: BTreeMap<ServiceName, Option<Wire>>,
    ) {
        let hands = Rc::clone(&self.hands);
        match action {
            rollout::Action::StartInstance(start) => {
                let lane = Lane::Instance(start.instance.id.clone());
                self.queue(lane, async move { hands.start(service, *start).await });
            }
            rollout::Action::StopInstance { instance } => {
                let lane = Lane::Instance(instance.clone());
                self.queue(lane, async move { hands.stop(service, instance).await });
            }
            rollout::Action::KeepInstance { instance } => {
                let lane = Lane::Instance(instance.clone());
                self.queue(lane, async move {
                    keep(&hands.shared.border, &instance).await;
                    #[cfg(feature = "crash-points")]
                    hands.inbox.points.after_keep(&service, &instance);
                });
            }
            rollout::Action::ApplyRoute {
                attempt,
                returning,
                route,
            } => {
                {
                    // A way back that went ahead of its row stays the newest when older rows follow.
                    let mut newest = hands.newest.borrow_mut();
                    let newest = newest.entry(service.clone()).or_default();
                    *newest = attempt.max(*newest);
                }
                let wish = Wish {
                    attempt,
                    returning,
                    route,
                    wires,
                };
                let lane = Lane::Route(hands.service_key(&service));
                self.queue(lane, async move { hands.apply(service, wish).await });
            }
            rollout::Action::AwaitDrain { slot, within } => {
                self.spawn(async move { hands.drain(service, slot, within).await });
            }
            rollout::Action::StartTimer { timer, after } => {
                let since = hands.shared.border.clock.work();
                hands.timers.start(&service, timer, since);
                self.spawn(async move {
                    hands.shared.border.clock.sleep(after).await;
                    let fired = rollout::Event::TimerFired { timer };
                    hands.inbox.rollout(&service, fired).await;
                });
            }
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.hands.shared.border.spawner.spawn(Box::pin(task));
    }

    fn queue(&self, lane: Lane, job: impl Future<Output = ()> + 'static) {
        let shared = &self.hands.shared;
        let spawner = &*shared.border.spawner;
        shared.lanes.put(spawner, lane, Box::pin(job));
    }
}

impl Hands {
    pub(crate) fn service_key(&self, service: &ServiceName) -> ServiceKey {
        ServiceKey {
            app: self.app.clone(),
            environment: self.environment.clone(),
            service: service.clone(),
        }
    }

    /// Whether the deployment still runs and waits for something, as committed. To be asked before every
    /// try: what goes on without being waited for acts on what somebody else has decided since.
    pub(crate) fn awaits(&self, service: &ServiceName, what: impl Fn(&Rollout) -> bool) -> bool {
        let running = self.shared.running.borrow();
        running.get(&self.id).is_some_and(|driven| {
            let now = driven.now.borrow();
            !now.is_ended() && now.rollouts.get(service).is_some_and(what)
        })
    }

    pub(crate) async fn pause(&self) {
        self.shared.border.clock.sleep(TRY_AGAIN).await;
    }

    async fn start(&self, service: ServiceName, start: rollout::Start) {
        let turn = self.next_start.get();
        self.next_start.set(turn.wrapping_add(1));
        let _one_of_parallel = match self.starting.get(turn % self.starting.len()) {
            Some(place) => Some(place.lock().await),
            None => None,
        };
        let instance = start.instance.id.clone();
        let Some(started) = self.try_start(&service, &start).await else {
            return;
        };
        let event = match started {
            Ok(()) => rollout::Event::InstanceStarted { instance },
            Err(error) if error.kind == ErrorKind::Conflict => match self.shared.allot() {
                Ok(next) => rollout::Event::AddressTaken { instance, next },
                Err(none) => rollout::Event::StartFailed {
                    instance,
                    why: none.chain(),
                },
            },
            Err(error) => rollout::Event::StartFailed {
                instance,
                why: error.chain(),
            },
        };
        self.inbox.rollout(&service, event).await;
    }

    /// None when nobody waits for it any more.
    async fn try_start(
        &self,
        service: &ServiceName,
        start: &rollout::Start,
    ) -> Option<Result<(), EdgeError>> {
        let is_awaited = || self.awaits(service, |r| r.awaits_start(&start.instance.id));
        if !is_awaited() {
            return None;
        }
        let target = &self.shared.border.target;
        let command = match self.told(service, start).await {
            Ok(command) => command,
            Err(error) => return Some(self.goes_on_unheard(service, start, error).await),
        };
        let request = StartInstance {
            service: self.service_key(service),
            instance: start.instance.clone(),
            release: start.release.clone(),
            spec: start.spec.clone(),
            ordinal: start.ordinal,
            slot: start.slot,
            again: start.again,
            command,
            restart: if start.keep {
                Restart::BackOff
            } else {
                Restart::Never
            },
        };
        let mut tries = 0;
        loop {
            let seen = target.observe(&start.instance).await;
            if !is_awaited() {
                return None;
            }
            let result = match seen {
                Ok(InstanceState::Running { .. }) => return Some(Ok(())),
                // One that has ended was started: its watch tells how it ended.
                Ok(InstanceState::Ended(_)) if !start.again => return Some(Ok(())),
                Ok(InstanceState::Absent | InstanceState::Ended(_)) => {
                    self.unseen.forget(service);
                    target.start(&request).await
                }
                Err(error) => Err(error),
            };
            tries += 1;
            match result {
                Ok(()) => return Some(Ok(())),
                Err(error) if tries >= TRIES || !may_pass(&error) => return Some(Err(error)),
                Err(_) => self.pause().await,
            }
        }
    }

    /// What the run of a command is told, once it can be heard.
    async fn told(
        &self,
        service: &ServiceName,
        start: &rollout::Start,
    ) -> Result<Option<StartCommand>, EdgeError> {
        let Some(run) = start.run.clone() else {
            return Ok(None);
        };
        let at = self.at(service, start);
        Ok(Some(StartCommand {
            run,
            deployment: self.id.clone(),
            reporting: self.shared.border.reception.open(&at).await?,
        }))
    }

    /// Where a run is heard.
    fn at(&self, service: &ServiceName, start: &rollout::Start) -> RunAt {
        RunAt {
            deployment: self.id.clone(),
            service: service.clone(),
            address: start.instance.address,
        }
    }

    /// A run that was begun before keeps the address that it was told; any other needs one.
    async fn goes_on_unheard(
        &self,
        service: &ServiceName,
        start: &rollout::Start,
        error: EdgeError,
    ) -> Result<(), EdgeError> {
        let seen = self.shared.border.target.observe(&start.instance).await?;
        match seen {
            InstanceState::Running { .. } => {}
            InstanceState::Ended(_) if !start.again => {}
            InstanceState::Ended(_) | InstanceState::Absent => return Err(error),
        }
        hearing::unheard(&self.shared, self.at(service, start), &error).await;
        Ok(())
    }

    async fn stop(&self, service: ServiceName, instance: InstanceId) {
        let is_awaited = || self.awaits(&service, |rollout| rollout.awaits_stop(&instance));
        if is_awaited() {
            self.shared.keeper.let_go(&instance).await;
        }
        let mut tries = 0;
        let event = loop {
            if !is_awaited() {
                return;
            }
            tries += 1;
            match self.try_stop(&service, &instance).await {
                Ok(how) => {
                    let killed_after = match how {
                        Stopped::Heard => None,
                        Stopped::Killed { after } => Some(after),
                    };
                    let last_lines = self.last_words_of_late(&service, &instance).await;
                    break rollout::Event::InstanceStopped {
                        instance,
                        killed_after,
                        last_lines,
                    };
                }
                Err(error) if tries >= TRIES || !may_pass(&error) => {
                    break rollout::Event::StopFailed {
                        instance,
                        why: error.chain(),
                    };
                }
                Err(_) => self.pause().await,
            }
        };
        self.inbox.rollout(&service, event).await;
    }
}

impl Hands {
    /// What a run printed last that was ended because it took too long: whoever is told of that reads it with it.
    async fn last_words_of_late(
        &self,
        service: &ServiceName,
        instance: &InstanceId,
    ) -> Vec<String> {
        if !self.awaits(service, |rollout| rollout.ends_late(instance)) {
            return Vec::new();
        }
        let border = &self.shared.border;
        last_words::in_time(&*border.clock, &*border.target, instance).await
    }
}

/// Tells an instance that it is started again when it ends by itself.
pub(crate) async fn keep(border: &Border, instance: &InstanceId) {
    let mut tries = 0;
    while let Err(error) = border.target.set_restart(instance, Restart::BackOff).await {
        tries += 1;
        if tries >= TRIES || !may_pass(&error) {
            tracing::warn!("{instance} was not told to restart: {}", error.chain());
            return;
        }
        border.clock.sleep(TRY_AGAIN).await;
    }
}

/// Whether trying again can help.
pub(crate) fn may_pass(error: &EdgeError) -> bool {
    matches!(error.kind, ErrorKind::Unreachable | ErrorKind::Timeout)
}
