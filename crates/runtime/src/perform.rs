//! From actions to calls at the border, and from their outcomes to events.
//!
//! Every action is observed before it is done, so that one asked for again after a crash takes no
//! effect twice.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use futures_util::FutureExt;
use futures_util::future::select_ok;
use futures_util::lock::Mutex;
use windlass_control::{Direction, Restart, RouteChange};
use windlass_edge::{EdgeError, ErrorKind, InstanceState, Retry, StartInstance};
use windlass_engine::deployment::{Action, Event};
use windlass_engine::rollout;
use windlass_model::{
    Environment, InstanceId, Millis, Percent, Probed, Route, ServiceKey, ServiceName, SlotId,
};

use crate::border::Border;
use crate::controller::Shared;
use crate::drive::{Inbox, Input};
use crate::lanes::{Lane, Lanes};

/// Tries of a call whose failure may pass.
const TRIES: u32 = 5;

/// Pause between two tries.
const TRY_AGAIN: Millis = Millis::from_millis(200);

/// Tries to put a route into effect; the engine's own deadline comes first or soon after.
const ROUTE_TRIES: u32 = 100;

/// Time between two looks at a draining slot.
const DRAIN_LOOK: Millis = Millis::from_millis(10);

/// Performs the actions of one deployment.
pub(crate) struct Performer {
    hands: Rc<Hands>,
    lanes: Rc<Lanes>,
}

/// What the tasks of one deployment share.
struct Hands {
    shared: Rc<Shared>,
    inbox: Inbox,
    key: Environment,
    starting: Vec<Mutex<()>>,
    next_start: Cell<usize>,
    /// Instances that were asked to stop: a start of theirs that still waits is let go.
    unwanted: RefCell<BTreeSet<InstanceId>>,
    /// The newest route attempt asked for per service: an older one that waits is let go.
    newest: RefCell<BTreeMap<ServiceName, u32>>,
}

impl Performer {
    pub(crate) fn new(
        shared: &Rc<Shared>,
        base: &Environment,
        inbox: &Inbox,
        parallel: u16,
    ) -> Self {
        let hands = Hands {
            shared: Rc::clone(shared),
            inbox: inbox.clone(),
            key: Environment::empty(base.app.clone(), base.environment.clone()),
            starting: (0..parallel.max(1)).map(|_| Mutex::new(())).collect(),
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
        match action {
            Action::ConfirmPromotion => {
                let hands = Rc::clone(&self.hands);
                self.spawn(async move {
                    // Tripwires, once there are any, are disarmed here, before the commit point.
                    hands
                        .inbox
                        .send(Input::Event(Event::PromotionConfirmed))
                        .await;
                });
            }
            Action::Rollout { service, action } => self.rollout(service, action),
        }
    }

    fn rollout(&self, service: ServiceName, action: rollout::Action) {
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

/// A route to put into effect.
struct Wish {
    attempt: u32,
    returning: bool,
    route: Option<Route>,
}

/// What became of a try.
enum Tried {
    Done,
    Again(EdgeError),
    No(EdgeError),
}

impl Hands {
    fn service_key(&self, service: &ServiceName) -> ServiceKey {
        ServiceKey {
            app: self.key.app.clone(),
            environment: self.key.environment.clone(),
            service: service.clone(),
        }
    }

    async fn pause(&self) {
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
        let request = StartInstance {
            service: self.service_key(service),
            instance: start.instance.clone(),
            release: start.release.clone(),
            spec: start.spec.clone(),
            ordinal: start.ordinal,
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
                // One that has ended was started: its watch tells how it ended.
                Ok(InstanceState::Running { .. } | InstanceState::Ended(_)) => return Ok(()),
                Ok(InstanceState::Absent) => target.start(&request).await,
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

    async fn stop(&self, service: ServiceName, instance: InstanceId) {
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

    fn is_newest(&self, service: &ServiceName, attempt: u32) -> bool {
        self.newest
            .borrow()
            .get(service)
            .is_none_or(|newest| *newest == attempt)
    }

    async fn apply(&self, service: ServiceName, wish: Wish) {
        let attempt = wish.attempt;
        let mut tries = 0;
        let event = loop {
            if !self.is_newest(&service, attempt) {
                return;
            }
            tries += 1;
            match self.try_apply(&service, &wish).await {
                Tried::Done => break rollout::Event::RouteApplied { attempt },
                Tried::Again(_) if tries < ROUTE_TRIES => self.pause().await,
                Tried::Again(error) | Tried::No(error) => {
                    break rollout::Event::RouteFailed {
                        attempt,
                        why: error.chain(),
                    };
                }
            }
        };
        self.inbox.rollout(&service, event).await;
    }

    async fn try_apply(&self, service: &ServiceName, wish: &Wish) -> Tried {
        let router = &self.shared.border.router;
        let key = self.service_key(service);
        let observed = match router.observe().await {
            Ok(observed) => observed,
            Err(error) => return again_or_no(error),
        };
        let now = observed.services.get(&key);
        if now.map(|entry| &entry.route) == wish.route.as_ref() {
            return Tried::Done;
        }
        if let Some(slot) = self.unproven(wish, now.map(|entry| &entry.route)).await {
            let what = format!("no instance of slot {slot} of {service} answers well");
            return Tried::Again(EdgeError::new(ErrorKind::Conflict, Retry::Now, what));
        }
        let change = RouteChange {
            direction: if wish.returning {
                Direction::Return
            } else {
                Direction::Raise
            },
            decided_on: now.map(|entry| entry.generation).unwrap_or_default(),
            route: wish.route.clone(),
        };
        match router.apply(BTreeMap::from([(key, change)])).await {
            Ok(_) => Tried::Done,
            Err(error) => again_or_no(error),
        }
    }

    /// A slot whose share would grow although none of its instances answers its probe now. What was
    /// ready when that was decided may be gone since: a controller may have died in between.
    async fn unproven(&self, wish: &Wish, now: Option<&Route>) -> Option<SlotId> {
        let before = |slot| now.map_or(Percent::ZERO, |route| route.weight(slot));
        let slots = wish.route.iter().flat_map(|route| &route.slots);
        for slot in slots.filter(|s| s.weight > before(s.slot)) {
            let asked = slot.instances.iter().map(|instance| {
                let answer = self.shared.border.prober.probe(&slot.probe, instance);
                answer.map(|answer| match answer {
                    Probed::Ready => Ok(()),
                    Probed::Unready { .. } => Err(()),
                })
            });
            let asked: Vec<_> = asked.collect();
            if asked.is_empty() || select_ok(asked).await.is_err() {
                return Some(slot.slot);
            }
        }
        None
    }

    async fn drain(&self, service: ServiceName, slot: SlotId, within: Millis) {
        let key = self.service_key(&service);
        let border = &self.shared.border;
        let until = border.clock.work().plus(within);
        let cut = loop {
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
        self.inbox
            .rollout(&service, rollout::Event::SlotDrained { slot, cut })
            .await;
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

fn may_pass(error: &EdgeError) -> bool {
    matches!(error.kind, ErrorKind::Unreachable | ErrorKind::Timeout)
}

fn again_or_no(error: EdgeError) -> Tried {
    if may_pass(&error) {
        Tried::Again(error)
    } else {
        Tried::No(error)
    }
}
