//! From actions to calls at the border, and from their outcomes to events.
//!
//! Every action is observed before it is done, so that one asked for again after a crash takes no
//! effect twice.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use futures_util::lock::Mutex;
use windlass_control::Restart;
use windlass_edge::{EdgeError, ErrorKind, InstanceState, RunAt, StartCommand, StartInstance};
use windlass_engine::deployment::{Action, Deployment, Wire};
use windlass_engine::rollout;
use windlass_model::{
    AppName, DeploymentId, EnvironmentName, InstanceId, Millis, ServiceKey, ServiceName, SlotId,
};

use crate::border::Border;
use crate::controller::Shared;
use crate::drive::Inbox;
use crate::hearing;
use crate::lanes::{Lane, Lanes};
use crate::routes::Wish;

/// Tries of a call whose failure may pass.
pub(crate) const TRIES: u32 = 5;

/// Pause between two tries.
pub(crate) const TRY_AGAIN: Millis = Millis::from_millis(200);

/// Time between two looks at a draining slot.
const DRAIN_LOOK: Millis = Millis::from_millis(10);

/// Performs the actions of one deployment.
pub(crate) struct Performer {
    hands: Rc<Hands>,
    lanes: Rc<Lanes>,
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
    /// Instances that were asked to stop: a start of theirs that still waits is let go.
    unwanted: RefCell<BTreeSet<InstanceId>>,
    /// The newest route attempt asked for per service: an older one that waits is let go.
    pub(crate) newest: RefCell<BTreeMap<ServiceName, u32>>,
}

impl Performer {
    pub(crate) fn new(shared: &Rc<Shared>, deployment: &Deployment, inbox: &Inbox) -> Self {
        let plan = &deployment.plan;
        let hands = Hands {
            shared: Rc::clone(shared),
            inbox: inbox.clone(),
            id: deployment.id.clone(),
            app: plan.app.clone(),
            environment: plan.environment.clone(),
            starting: (0..plan.parallel.max(1)).map(|_| Mutex::new(())).collect(),
            next_start: Cell::new(0),
            unwanted: RefCell::default(),
            newest: RefCell::default(),
        };
        Self {
            hands: Rc::new(hands),
            lanes: Rc::default(),
        }
    }

    /// Starts one action; its outcome comes to the inbox.
    pub(crate) fn perform(&self, action: Action) {
        let hands = Rc::clone(&self.hands);
        match action {
            Action::ConfirmPromotion => {
                self.queue(Lane::Promotion, async move { hands.confirm().await });
            }
            Action::Arm(wires) => {
                self.queue(Lane::Promotion, async move { hands.arm(wires).await });
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
                hands.unwanted.borrow_mut().insert(instance.clone());
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
                let lane = Lane::Route(service.clone());
                self.queue(lane, async move { hands.apply(service, wish).await });
            }
            rollout::Action::AwaitDrain { slot, within } => {
                self.spawn(async move { hands.drain(service, slot, within).await });
            }
            rollout::Action::StartTimer { timer, after } => self.spawn(async move {
                hands.shared.border.clock.sleep(after).await;
                hands
                    .inbox
                    .rollout(&service, rollout::Event::TimerFired { timer })
                    .await;
            }),
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.hands.shared.border.spawner.spawn(Box::pin(task));
    }

    fn queue(&self, lane: Lane, job: impl Future<Output = ()> + 'static) {
        self.lanes
            .put(&*self.hands.shared.border.spawner, lane, Box::pin(job));
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
        if self.unwanted.borrow().contains(&instance) {
            // Asked to stop before its turn came.
            return;
        }
        let event = match self.try_start(&service, &start).await {
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

    async fn try_start(
        &self,
        service: &ServiceName,
        start: &rollout::Start,
    ) -> Result<(), EdgeError> {
        let target = &self.shared.border.target;
        let command = match self.told(service, start).await {
            Ok(command) => command,
            Err(error) => return self.goes_on_unheard(service, start, error).await,
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
            let result = match seen {
                Ok(InstanceState::Running { .. }) => return Ok(()),
                // One that has ended was started: its watch tells how it ended.
                Ok(InstanceState::Ended(_)) if !start.again => return Ok(()),
                Ok(InstanceState::Absent | InstanceState::Ended(_)) => target.start(&request).await,
                Err(error) => Err(error),
            };
            tries += 1;
            match result {
                Ok(()) => return Ok(()),
                Err(error) if tries >= TRIES || !may_pass(&error) => return Err(error),
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
        self.shared.keeper.let_go(&instance).await;
        let mut tries = 0;
        let event = loop {
            tries += 1;
            match self.shared.border.target.stop(&instance).await {
                Ok(()) => break rollout::Event::InstanceStopped { instance },
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

    async fn drain(&self, service: ServiceName, slot: SlotId, within: Millis) {
        let key = self.service_key(&service);
        let border = &self.shared.border;
        let until = border.clock.work().plus(within);
        let open = loop {
            // A router that can't be asked holds nothing open that could be waited for longer.
            let open = match border.router.observe().await {
                Ok(table) => table
                    .services
                    .get(&key)
                    .and_then(|entry| entry.slots.get(&slot))
                    .map_or(0, |slot| slot.in_flight),
                Err(_) => 1,
            };
            if open == 0 || border.clock.work() >= until {
                break open;
            }
            border.clock.sleep(DRAIN_LOOK).await;
        };
        let cut = if open > 0 {
            self.cut(&key, slot).await.unwrap_or(open)
        } else {
            0
        };
        self.inbox
            .rollout(&service, rollout::Event::SlotDrained { slot, cut })
            .await;
    }

    /// Ends what is still open on a drained slot; none when no router could be told. Then the router
    /// is gone, and what it carried with it, or it is nobody's to cut any more.
    async fn cut(&self, service: &ServiceKey, slot: SlotId) -> Option<u64> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.shared.border.router.cut(service, slot).await {
                Ok(count) => return Some(count),
                Err(error) if tries >= TRIES || !may_pass(&error) => {
                    tracing::warn!("slot {slot} of {service} was not cut: {}", error.chain());
                    return None;
                }
                Err(_) => self.pause().await,
            }
        }
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
