//! The controller: what it knows, and the loop that answers requests.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::rc::Rc;

use futures_channel::mpsc;
use futures_util::lock::Mutex;
use futures_util::{SinkExt, StreamExt};
use windlass_api::{AdoptAnswer, DownAnswer, LostHistoryView, Problem};
use windlass_edge::EdgeError;
use windlass_engine::deployment::Deployment;
use windlass_model::{AppName, DeploymentId, Environment, EnvironmentName, InstanceId, Slot};

use crate::because::Signed;
use crate::border::Border;
use crate::chronicle::{self, Chronicle};
use crate::drive::Driven;
use crate::events::{self, Watchers};
use crate::handle::{Handle, REQUESTS_WAITING, Reply, Request};
use crate::hearing::{self, Hearing};
use crate::idle::{self, Idle};
use crate::keeper::Keeper;
use crate::lanes::Lanes;
use crate::lookout::{self, Lookout};
use crate::queue::Queues;
use crate::{
    adoption, checking, deploying, down, figures, finalize, halts, lapses, leftovers, logs,
    problems, recover, removing, retention, returning, risk, saying, scoring, status, taken_down,
    views,
};

/// Environments by application and name.
pub(crate) type Environments = BTreeMap<(AppName, EnvironmentName), Environment>;

/// What the controller's tasks share. Never borrowed across an await.
pub(crate) struct Shared {
    pub(crate) border: Border,
    pub(crate) environments: RefCell<Environments>,
    pub(crate) running: RefCell<BTreeMap<DeploymentId, Driven>>,
    /// Deployments whose journal is damaged: they keep their lock and harm nobody else.
    pub(crate) poisoned: RefCell<BTreeMap<DeploymentId, String>>,
    pub(crate) watchers: Rc<Watchers>,
    /// Set when the journal is older than what runs: then nothing is changed.
    pub(crate) lost: Option<LostHistoryView>,
    /// Keeps what is stable running.
    pub(crate) keeper: Keeper,
    /// Addresses that the router's table named when this controller started.
    routed: RefCell<BTreeSet<SocketAddr>>,
    /// Held while releases are kept and while old ones are dropped: what was just kept must not go.
    pub(crate) releases: Mutex<()>,
    /// Held while a deployment is begun or taken down: neither may see the other half done.
    pub(crate) changing: Mutex<()>,
    /// What must not overtake each other.
    pub(crate) lanes: Rc<Lanes>,
    /// Deployments that wait for a lock.
    pub(crate) queues: Queues,
    /// When the router last answered, microseconds since 1970 UTC.
    pub(crate) router_answered_us: Cell<Option<i64>>,
    /// What happens outside of deployments, on its way to the store.
    pub(crate) chronicle: Chronicle,
    /// What looks at the router for all running deployments.
    pub(crate) lookout: Lookout,
    /// What runs of commands have said, on its way to the journal.
    pub(crate) hearing: Hearing,
    /// Whether deployments that have ended brought anything into service, as far as that was read.
    pub(crate) promoted: RefCell<BTreeMap<DeploymentId, bool>>,
    /// Instances of standbys that are being dropped.
    pub(crate) leaving: RefCell<BTreeSet<InstanceId>>,
    /// Whether somebody looks at the calendar.
    pub(crate) follows_calendar: Cell<bool>,
    /// Whether it ends: nothing new is begun any more.
    pub(crate) ending: Cell<bool>,
    /// Who took down the last of what it controlled: it ends for that.
    down_by: RefCell<Option<String>>,
    /// When somebody last asked, and whether it ends once nobody does.
    pub(crate) idle: Idle,
    /// Its own way in: how it ends itself when nothing is left to control.
    requests: mpsc::Sender<Request>,
}

/// A started controller.
pub struct Running {
    /// The way in.
    pub handle: Handle,
    /// Its loop: ends after `stop`, and after a `down` that left nothing.
    pub done: std::pin::Pin<Box<dyn Future<Output = ()>>>,
}

/// Starts a controller: reads the journal, goes on with what was open, then answers requests.
///
/// # Errors
/// When the journal can't be read.
pub async fn start(border: Border) -> Result<Running, EdgeError> {
    let (requests, receiver) = mpsc::channel(REQUESTS_WAITING);
    let lost = adoption::lost_history(&border).await?;
    let (chronicle, noted) = Chronicle::new();
    let shared = Rc::new(Shared {
        requests: requests.clone(),
        environments: RefCell::default(),
        running: RefCell::default(),
        poisoned: RefCell::default(),
        promoted: RefCell::default(),
        watchers: Rc::default(),
        lost,
        keeper: Keeper::default(),
        routed: RefCell::default(),
        changing: Mutex::default(),
        lanes: Rc::default(),
        queues: Queues::default(),
        router_answered_us: Cell::default(),
        chronicle,
        lookout: Lookout::default(),
        hearing: Hearing::default(),
        leaving: RefCell::default(),
        follows_calendar: Cell::default(),
        ending: Cell::new(false),
        down_by: RefCell::default(),
        idle: Idle::default(),
        releases: Mutex::default(),
        border,
    });
    if lost.is_none() {
        chronicle::begin(&shared, noted).await;
        recover::recover(&shared).await?;
        // Trips of deployments that have ended block raises too.
        lookout::begin(&shared);
        lapses::begin(&shared);
        finalize::follow_calendar(&shared);
    }
    let done = Box::pin(answer_all(shared, receiver));
    Ok(Running {
        handle: Handle::new(requests, lost),
        done,
    })
}

async fn answer_all(shared: Rc<Shared>, mut requests: mpsc::Receiver<Request>) {
    while let Some(request) = requests.next().await {
        idle::note_asked(&shared);
        if let Request::Stop(reply) = request {
            shared.ending.set(true);
            shared.queues.wake();
            requests.close();
            chronicle::close(&shared).await;
            let _left = reply.send(Ok(())).is_err();
            return;
        }
        let shared_too = Rc::clone(&shared);
        shared
            .border
            .spawner
            .spawn(Box::pin(async move { answer(&shared_too, request).await }));
    }
}

/// Held to the end: what waits behind the last `down` is for the next controller. Whether who asked has
/// left.
async fn take_down(
    shared: &Rc<Shared>,
    (app, environment): &(AppName, Option<EnvironmentName>),
    by: &Signed,
    reply: Reply<DownAnswer>,
) -> bool {
    let _changing = shared.changing.lock().await;
    let answer = down::down(shared, app, environment.as_ref(), by).await;
    let last = answer.as_ref().is_ok_and(|down| down.last);
    let left = reply.send(answer).is_err();
    if last {
        shared.down_by.replace(Some(by.by.clone()));
        shared.end().await;
    }
    left
}

async fn answer(shared: &Rc<Shared>, request: Request) {
    halts::look(shared).await;
    // Whoever asked may have left; nobody misses the answer then.
    let _left = match request {
        Request::Plan(wanted, reply) => reply.send(risk::planned(shared, &wanted).await).is_err(),
        Request::Score(asked) => scoring::answer(shared, asked).await,
        Request::Deploy { ask, when, reply } => {
            deploying::deploy(shared, *ask, when, reply).await;
            false
        }
        Request::Rollback { at, by, reply } => reply
            .send(returning::rollback(shared, *at, by).await)
            .is_err(),
        Request::Remove { at, by, reply } => {
            reply.send(removing::remove(shared, *at, by).await).is_err()
        }
        Request::Check(asked, reply) => reply.send(checking::check(shared, *asked).await).is_err(),
        Request::Command {
            id,
            command,
            by,
            reply,
        } => reply
            .send(saying::say(shared, &id, command, by).await)
            .is_err(),
        Request::Status(reply) => reply.send(Ok(status::status(shared).await)).is_err(),
        Request::Figures(reply) => reply.send(figures::figures(shared).await).is_err(),
        Request::Deployments {
            limit,
            before,
            reply,
        } => reply
            .send(views::list(shared, limit, before.as_ref()).await)
            .is_err(),
        Request::Show { id, reply } => reply.send(views::stored(shared, &id).await).is_err(),
        Request::Run(said) => hearing::answer(shared, said).await,
        Request::Events {
            after,
            deployment,
            reply,
        } => {
            let stream = events::stream(&shared.border, &shared.watchers, after, deployment);
            reply.send(stream.await).is_err()
        }
        Request::Happenings(asked) => chronicle::answer(shared, asked).await,
        Request::Logs {
            service,
            which,
            reply,
        } => reply
            .send(logs::stream(shared, &service, *which).await)
            .is_err(),
        Request::Down {
            app,
            environment,
            by,
            reply,
        } => {
            let at = (app, environment);
            take_down(shared, &at, &by, reply).await
        }
        Request::Adopt { by, reply } => adopt(shared, &by, reply).await,
        Request::EndWhenIdle => {
            idle::end_when_idle(shared);
            false
        }
        Request::Stop(_) => false,
    };
}

/// Takes over what runs, and ends. Whether whoever asked had left.
async fn adopt(shared: &Rc<Shared>, by: &Signed, reply: Reply<AdoptAnswer>) -> bool {
    let _changing = shared.changing.lock().await;
    let answer = adoption::adopt(shared, by).await;
    let adopted = answer.is_ok();
    let left = reply.send(answer).is_err();
    if adopted {
        // The next one speaks under an epoch that everybody listens to.
        shared.end().await;
    }
    left
}

impl Shared {
    /// The environment as last committed; an empty one that was never written.
    pub(crate) fn environment(&self, app: &AppName, name: &EnvironmentName) -> Environment {
        let known = self
            .environments
            .borrow()
            .get(&(app.clone(), name.clone()))
            .cloned();
        known.unwrap_or_else(|| Environment::empty(app.clone(), name.clone()))
    }

    pub(crate) fn put_environment(&self, environment: Environment) {
        let key = (environment.app.clone(), environment.environment.clone());
        self.environments.borrow_mut().insert(key, environment);
        self.queues.wake();
    }

    /// Nothing is begun by a controller that ends, or that has lost its history.
    pub(crate) fn refuse_changes(&self) -> Result<(), Problem> {
        if self.ending.get() {
            let down_by = self.down_by.borrow();
            return Err(down_by
                .as_deref()
                .map_or_else(problems::stopping, taken_down::meanwhile));
        }
        self.refuse_lost()
    }

    /// Ends the controller's own loop: nothing is left to control.
    pub(crate) async fn end(&self) {
        let (reply, stopped) = futures_channel::oneshot::channel();
        let mut requests = self.requests.clone();
        // A loop that is gone has ended already.
        if requests.send(Request::Stop(reply)).await.is_ok() {
            let _ended = stopped.await.is_ok();
        }
    }

    /// A deployment's loop has ended: the lock is free, retention may run.
    pub(crate) async fn ended(self: &Rc<Self>, deployment: &Deployment) {
        self.running.borrow_mut().remove(&deployment.id);
        self.border.reception.close(&deployment.id);
        finalize::follow_calendar(self);
        leftovers::after(self, deployment);
        let _changing = self.changing.lock().await;
        retention::run(self).await;
    }

    pub(crate) fn note_routed(&self, addresses: impl IntoIterator<Item = SocketAddr>) {
        self.routed.borrow_mut().extend(addresses);
    }

    /// Every slot that anything may still run in.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        let environments = self.environments.borrow();
        let states = environments.values().flat_map(|e| e.services.values());
        let mut slots: Vec<Slot> = states.flat_map(|s| s.slots().cloned()).collect();
        for driven in self.running.borrow().values() {
            for rollout in driven.now.borrow().rollouts.values() {
                slots.push(rollout.candidate.clone());
                if let Some(old) = rollout.old() {
                    slots.push(Slot {
                        instances: rollout.back.clone(),
                        ..old.clone()
                    });
                }
            }
        }
        slots
    }

    /// An address that neither the journal nor a trace of an instance names.
    pub(crate) fn allot(&self) -> Result<SocketAddr, EdgeError> {
        self.allot_beside(&BTreeSet::new())
    }

    pub(crate) fn allot_beside(
        &self,
        more: &BTreeSet<SocketAddr>,
    ) -> Result<SocketAddr, EdgeError> {
        let mut taken: BTreeSet<SocketAddr> =
            self.border.target.addresses_in_use().into_iter().collect();
        taken.extend(self.routed.borrow().iter());
        for slot in self.slots() {
            taken.extend(slot.instances.iter().map(|i| i.address));
            taken.extend(slot.spec.address());
        }
        self.border
            .addresses
            .allot(&|address| taken.contains(&address) || more.contains(&address))
    }
}
