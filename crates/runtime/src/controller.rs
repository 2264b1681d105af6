//! The controller: what it knows, and the loop that answers requests.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;

use futures_channel::mpsc;
use futures_util::lock::Mutex;
use futures_util::{SinkExt, StreamExt};
use windlass_api::{Command as Said, DeploymentView, PlanView, Problem};
use windlass_edge::EdgeError;
use windlass_engine::deployment::Command;
use windlass_model::{AppName, DeploymentId, Environment, EnvironmentName, Release, Slot};

use crate::border::Border;
use crate::drive::{Driven, Input};
use crate::events::{self, Watchers};
use crate::handle::{From, Handle, REQUESTS_WAITING, Request};
use crate::{down, figures, logs, opening, planning, problems, recover, retention, status, views};

/// Newest plans whose releases retention leaves alone, whether or not they were carried out.
const PLANS_KEPT: usize = 10;

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
    planned: RefCell<VecDeque<BTreeSet<Release>>>,
    /// Addresses that the router's table named when this controller started.
    routed: RefCell<BTreeSet<SocketAddr>>,
    /// Held while releases are kept and while old ones are dropped: what was just kept must not go.
    pub(crate) releases: Mutex<()>,
    /// Held while a deployment is begun or taken down: neither may see the other half done.
    changing: Mutex<()>,
    /// Whether it ends: nothing new is begun any more.
    ending: Cell<bool>,
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
    let shared = Rc::new(Shared {
        requests: requests.clone(),
        environments: RefCell::default(),
        running: RefCell::default(),
        poisoned: RefCell::default(),
        watchers: Rc::default(),
        planned: RefCell::default(),
        routed: RefCell::default(),
        changing: Mutex::default(),
        ending: Cell::new(false),
        releases: Mutex::default(),
        border,
    });
    recover::recover(&shared).await?;
    let done = Box::pin(answer_all(shared, receiver));
    Ok(Running {
        handle: Handle::new(requests),
        done,
    })
}

async fn answer_all(shared: Rc<Shared>, mut requests: mpsc::Receiver<Request>) {
    while let Some(request) = requests.next().await {
        if let Request::Stop(reply) = request {
            shared.ending.set(true);
            requests.close();
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

async fn answer(shared: &Rc<Shared>, request: Request) {
    // Whoever asked may have left; nobody misses the answer then.
    let _left = match request {
        Request::Plan(wanted, reply) => reply
            .send(planning::plan(shared, &wanted, false).await)
            .is_err(),
        Request::Deploy {
            from,
            by,
            may_move,
            reply,
        } => {
            // Changes are begun one after the other; looking and commands run beside them.
            let _changing = shared.changing.lock().await;
            let answer = if shared.ending.get() {
                Err(problems::stopping())
            } else {
                deploy(shared, from, by, may_move).await
            };
            reply.send(answer).is_err()
        }
        Request::Command {
            id,
            command,
            by,
            reply,
        } => reply.send(say(shared, &id, command, by).await).is_err(),
        Request::Status(reply) => reply.send(Ok(status::status(shared).await)).is_err(),
        Request::Figures(reply) => reply.send(figures::figures(shared).await).is_err(),
        Request::Deployments { limit, reply } => {
            reply.send(views::list(shared, limit).await).is_err()
        }
        Request::Show { id, reply } => reply.send(show(shared, &id).await).is_err(),
        Request::Events {
            after,
            deployment,
            reply,
        } => {
            let stream = events::stream(&shared.border, &shared.watchers, after, deployment);
            reply.send(stream).is_err()
        }
        Request::Logs {
            service,
            tail,
            follow,
            reply,
        } => reply
            .send(logs::stream(shared, &service, tail, follow).await)
            .is_err(),
        Request::Down {
            app,
            environment,
            by,
            reply,
        } => {
            // Held to the end: what waits behind the last `down` is for the next controller.
            let _changing = shared.changing.lock().await;
            let answer = down::down(shared, &app, environment.as_ref(), &by).await;
            let last = answer.as_ref().is_ok_and(|down| down.last);
            let left = reply.send(answer).is_err();
            if last {
                shared.end().await;
            }
            left
        }
        Request::Stop(_) => false,
    };
}

async fn deploy(
    shared: &Rc<Shared>,
    from: From,
    by: String,
    may_move: bool,
) -> Result<(Option<DeploymentId>, PlanView), Problem> {
    let planned = match from {
        From::File(wanted) => {
            // Refused before anything is copied.
            planning::refuse_locked(shared, &wanted.spec.app, &wanted.spec.environment)?;
            planning::plan(shared, &wanted, may_move).await?
        }
        From::Plan(id) => planning::stored(shared, &id).await?,
        From::Retry(id) => planning::retried(shared, &id).await?,
    };
    planning::refuse_locked(shared, &planned.plan.app, &planned.plan.environment)?;
    if planned.nothing_to_do {
        opening::note_folder(shared, &planned.plan).await?;
        return Ok((None, planned));
    }
    let id = opening::begin(shared, &planned.plan, by).await?;
    Ok((Some(id), planned))
}

async fn say(
    shared: &Rc<Shared>,
    id: &DeploymentId,
    command: Said,
    by: String,
) -> Result<(), Problem> {
    let driven = shared.running.borrow().get(id).cloned();
    let Some(driven) = driven else {
        if let Some(why) = shared.poisoned.borrow().get(id) {
            return Err(problems::unreadable(id, why));
        }
        let view = views::stored(shared, id).await?;
        return Err(problems::over(&view));
    };
    let command = match command {
        Said::Hold => Command::Hold,
        Said::Resume => Command::Resume,
        Said::Abort => Command::Abort,
        Said::Promote => Command::Promote,
    };
    let (reply, answer) = futures_channel::oneshot::channel();
    driven
        .inbox
        .send(Input::Command { command, by, reply })
        .await;
    // A loop that ended meanwhile drops the question.
    match answer.await {
        Ok(answer) => answer,
        Err(_ended) => Err(problems::over(&views::stored(shared, id).await?)),
    }
}

async fn show(shared: &Rc<Shared>, id: &DeploymentId) -> Result<DeploymentView, Problem> {
    views::stored(shared, id).await
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
    }

    /// Ends the controller's own loop: nothing is left to control.
    async fn end(&self) {
        let (reply, stopped) = futures_channel::oneshot::channel();
        let mut requests = self.requests.clone();
        // A loop that is gone has ended already.
        if requests.send(Request::Stop(reply)).await.is_ok() {
            let _ended = stopped.await.is_ok();
        }
    }

    /// A deployment's loop has ended: the lock is free, retention may run.
    pub(crate) async fn ended(self: &Rc<Self>, id: &DeploymentId) {
        self.running.borrow_mut().remove(id);
        let _changing = self.changing.lock().await;
        retention::run(self).await;
    }

    /// Keeps retention away from what was just planned.
    pub(crate) fn note_planned(&self, releases: impl IntoIterator<Item = Release>) {
        let releases: BTreeSet<Release> = releases.into_iter().collect();
        let mut planned = self.planned.borrow_mut();
        planned.retain(|known| *known != releases);
        planned.push_back(releases);
        while planned.len() > PLANS_KEPT {
            planned.pop_front();
        }
    }

    pub(crate) fn note_routed(&self, addresses: impl IntoIterator<Item = SocketAddr>) {
        self.routed.borrow_mut().extend(addresses);
    }

    pub(crate) fn planned(&self) -> Vec<Release> {
        self.planned.borrow().iter().flatten().cloned().collect()
    }

    /// Every slot that anything may still run in.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        let environments = self.environments.borrow();
        let states = environments.values().flat_map(|e| e.services.values());
        let mut slots: Vec<Slot> = states
            .flat_map(|s| s.stable.iter().chain(&s.standby).cloned())
            .collect();
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
            taken.extend(slot.spec.listen);
        }
        self.border
            .addresses
            .allot(&|address| taken.contains(&address) || more.contains(&address))
    }
}
