//! The way in: what a server or a test asks of a running controller.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_channel::{mpsc, oneshot};
use futures_util::future::{Either, select};
use windlass_api::{
    AdoptAnswer, CheckAnswer, Command, DeploymentView, DownAnswer, EnvironmentView, FiguresView,
    HappeningView, LogLine, LostHistoryView, PlanView, Problem, ReportAnswer, RollbackAnswer,
    RunView, ScoreList, ScoreView,
};
use windlass_model::{AppName, DeploymentId, EnvironmentName, Millis, PlanId, Report, ServiceName};

use crate::at::{Check, LinesAt, RollbackAt, ServiceAt};
use crate::because::Signed;
use crate::chronicle::Asked;
use crate::deploying::{Ask, Begun};
use crate::event_stream::EventStream;
use crate::hearing::OfRun;
use crate::scoring::OfScore;
use crate::wanted::Wanted;

/// Requests that may wait for the controller's loop; more are refused as *busy*.
pub(crate) const REQUESTS_WAITING: usize = 256;

/// Events that may wait for one slow watcher; then it must resume from its last sequence.
pub(crate) const EVENTS_WAITING: usize = 1_024;

/// What a deployment is made from.
#[derive(Clone, Debug)]
pub enum From {
    /// A file: planned now.
    File(Box<Wanted>),
    /// A stored plan.
    Plan(PlanId),
    /// The plan of an ended deployment.
    Retry(DeploymentId),
}

/// Lines of a log as they are read.
pub type LogStream = mpsc::Receiver<LogLine>;

pub(crate) type Reply<T> = oneshot::Sender<Result<T, Problem>>;

pub(crate) enum Request {
    Plan(Box<Wanted>, Reply<PlanView>),
    Score(OfScore),
    Deploy {
        ask: Box<Ask>,
        when: When,
        reply: Reply<Begun>,
    },
    Rollback {
        at: Box<RollbackAt>,
        by: Signed,
        reply: Reply<RollbackAnswer>,
    },
    Remove {
        at: Box<ServiceAt>,
        by: Signed,
        reply: Reply<(DeploymentId, PlanView)>,
    },
    Check(Box<Check>, Reply<CheckAnswer>),
    Command {
        id: DeploymentId,
        command: Command,
        by: Signed,
        reply: Reply<()>,
    },
    Status(Reply<Vec<EnvironmentView>>),
    Figures(Reply<FiguresView>),
    Deployments {
        limit: u32,
        before: Option<DeploymentId>,
        reply: Reply<Vec<DeploymentView>>,
    },
    Show {
        id: DeploymentId,
        reply: Reply<DeploymentView>,
    },
    Run(OfRun),
    Events {
        after: u64,
        deployment: Option<DeploymentId>,
        reply: Reply<EventStream>,
    },
    Happenings(Asked),
    Logs {
        service: ServiceAt,
        which: Box<LinesAt>,
        reply: Reply<LogStream>,
    },
    Down {
        app: AppName,
        environment: Option<EnvironmentName>,
        by: Signed,
        reply: Reply<DownAnswer>,
    },
    Adopt {
        by: Signed,
        reply: Reply<AdoptAnswer>,
    },
    EndWhenIdle,
    Stop(Reply<()>),
}

/// Who asks for a deployment, and what is allowed to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Who asks.
    pub by: String,
    /// Why, if they say that too.
    pub why: Option<String>,
    /// Whether the application may come from another folder than before.
    pub may_move: bool,
    /// Whether candidates that fail run on without traffic.
    pub keep_failed: bool,
    /// By what it is known when it is asked for again, also of another controller: then nothing more
    /// is begun. None: nobody asks again.
    pub asked_as: Option<String>,
}

impl Terms {
    /// What nothing special is allowed to.
    pub fn of(by: impl Into<Signed>) -> Self {
        let Signed { by, why } = by.into();
        Self {
            by,
            why,
            may_move: false,
            keep_failed: false,
            asked_as: None,
        }
    }
}

/// When a deployment begins if another one runs in its environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// It is refused.
    Now,
    /// It waits for the other to end, this long at most.
    Wait(Millis),
    /// The other is taken back first.
    Supersede,
}

/// A running controller, from any thread. Cheap to clone. Dropping a returned future leaves the
/// request to be carried out.
#[derive(Clone)]
pub struct Handle {
    requests: Arc<Mutex<mpsc::Sender<Request>>>,
    lost: Option<LostHistoryView>,
}

impl Handle {
    pub(crate) fn new(requests: mpsc::Sender<Request>, lost: Option<LostHistoryView>) -> Self {
        Self {
            requests: Arc::new(Mutex::new(requests)),
            lost,
        }
    }

    /// Set when this controller's journal is older than what runs: it changes nothing.
    pub fn lost_history(&self) -> Option<LostHistoryView> {
        self.lost
    }

    /// Takes what runs over as stable, when the journal is older than that. Then the controller
    /// ends; the next one may change things again.
    ///
    /// # Errors
    /// When the journal is not older; when what runs can't be asked for.
    pub async fn adopt(&self, by: impl Into<Signed>) -> Result<AdoptAnswer, Problem> {
        let by = by.into();
        self.ask(|reply| Request::Adopt { by, reply }).await
    }

    /// One sender for everybody: each clone of it would make the queue one longer.
    fn send(&self, request: Request) -> Result<(), mpsc::TrySendError<Request>> {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.try_send(request)
    }

    async fn ask<T>(&self, make: impl FnOnce(Reply<T>) -> Request) -> Result<T, Problem> {
        let (reply, answer) = oneshot::channel();
        match self.send(make(reply)) {
            Ok(()) => answer
                .await
                .unwrap_or_else(|_gone| Err(crate::problems::stopping())),
            Err(full) if full.is_full() => Err(crate::problems::busy()),
            Err(_) => Err(crate::problems::stopping()),
        }
    }

    /// What a deployment of `wanted` would do. Keeps its releases and stores the plan for 30 days.
    ///
    /// # Errors
    /// Configuration problems; another folder for the same application.
    pub async fn plan(&self, wanted: Wanted) -> Result<PlanView, Problem> {
        self.ask(|reply| Request::Plan(Box::new(wanted), reply))
            .await
    }

    /// Measures the health score and keeps it.
    ///
    /// # Errors
    /// The file says nothing of a score; the journal can't be written.
    pub async fn score(&self, wanted: Wanted) -> Result<ScoreView, Problem> {
        self.ask(|reply| Request::Score(OfScore::Measure(Box::new(wanted), reply)))
            .await
    }

    /// The scores that were measured in an environment, newest first.
    ///
    /// # Errors
    /// The journal can't be read.
    pub async fn scores(
        &self,
        app: AppName,
        environment: EnvironmentName,
    ) -> Result<ScoreList, Problem> {
        self.ask(|reply| {
            Request::Score(OfScore::List {
                app,
                environment,
                reply,
            })
        })
        .await
    }

    /// Begins a deployment; no id when there is nothing to do. One that waits and whose future is
    /// dropped does not begin.
    ///
    /// # Errors
    /// The same, and refusals: another deployment holds the lock, the plan is stale; the wait ran
    /// out; what should be superseded is stuck.
    pub async fn deploy(
        &self,
        from: From,
        terms: Terms,
        when: When,
    ) -> Result<(Option<DeploymentId>, PlanView), Problem> {
        let never = std::future::pending();
        self.deploy_unless(from, terms, when, never).await
    }

    /// The same, taken back once `withdrawn` is ready: then it does not begin, unless it has begun. The
    /// answer says which; it is waited for either way.
    ///
    /// # Errors
    /// The same, and those of a controller that ends when it was taken back.
    pub async fn deploy_unless(
        &self,
        from: From,
        terms: Terms,
        when: When,
        withdrawn: impl Future<Output = ()>,
    ) -> Result<(Option<DeploymentId>, PlanView), Problem> {
        let (withdraw, withdrawal) = oneshot::channel();
        let ask = Box::new(Ask {
            from,
            terms,
            withdrawal,
        });
        let answer = pin!(self.ask(|reply| Request::Deploy { ask, when, reply }));
        match select(answer, pin!(withdrawn)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(((), answer)) => {
                // One that was answered meanwhile needs no word.
                let _answered = withdraw.send(()).is_err();
                answer.await
            }
        }
    }

    /// Takes services back to an earlier release; while a deployment runs, aborts that.
    ///
    /// # Errors
    /// Nothing to go back to; a kept release that is not what was promoted.
    pub async fn rollback(&self, at: RollbackAt, by: Signed) -> Result<RollbackAnswer, Problem> {
        let at = Box::new(at);
        self.ask(|reply| Request::Rollback { at, by, reply }).await
    }

    /// What something would do now; nothing of it begins.
    ///
    /// # Errors
    /// What it would be refused with.
    pub async fn check(&self, asked: Check) -> Result<CheckAnswer, Problem> {
        let asked = Box::new(asked);
        self.ask(|reply| Request::Check(asked, reply)).await
    }

    /// Takes a service away.
    ///
    /// # Errors
    /// Another deployment holds the lock; the service is needed, or does not run.
    pub async fn remove(
        &self,
        at: ServiceAt,
        by: impl Into<Signed>,
    ) -> Result<(DeploymentId, PlanView), Problem> {
        let (at, by) = (Box::new(at), by.into());
        self.ask(|reply| Request::Remove { at, by, reply }).await
    }

    /// Hold, resume, abort, promote, finalize or repair. Returns once it is journalled.
    ///
    /// # Errors
    /// An unknown deployment; a command that no longer applies.
    pub async fn command(
        &self,
        id: DeploymentId,
        command: Command,
        by: impl Into<Signed>,
    ) -> Result<(), Problem> {
        let by = by.into();
        self.ask(|reply| Request::Command {
            id,
            command,
            by,
            reply,
        })
        .await
    }

    /// Every environment and what runs in it.
    ///
    /// # Errors
    /// Only when the controller is stopping.
    pub async fn status(&self) -> Result<Vec<EnvironmentView>, Problem> {
        self.ask(Request::Status).await
    }

    /// What the router has counted in the last ten minutes.
    ///
    /// # Errors
    /// When the router can't be asked.
    pub async fn figures(&self) -> Result<FiguresView, Problem> {
        self.ask(Request::Figures).await
    }

    /// Deployments that began before one, or all; newest first, at most `limit`.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn deployments(
        &self,
        limit: u32,
        before: Option<DeploymentId>,
    ) -> Result<Vec<DeploymentView>, Problem> {
        self.ask(|reply| Request::Deployments {
            limit,
            before,
            reply,
        })
        .await
    }

    /// One deployment.
    ///
    /// # Errors
    /// An unknown one.
    pub async fn show(&self, id: DeploymentId) -> Result<DeploymentView, Problem> {
        self.ask(|reply| Request::Show { id, reply }).await
    }

    /// Takes what the run of a command says; returns once it is journalled.
    ///
    /// # Errors
    /// A deployment or service of which no run is heard: it has ended, or runs no command.
    pub async fn report(
        &self,
        id: DeploymentId,
        service: ServiceName,
        reports: Vec<Report>,
    ) -> Result<ReportAnswer, Problem> {
        self.ask(|reply| {
            Request::Run(OfRun::Report {
                id,
                service,
                reports,
                reply,
            })
        })
        .await
    }

    /// How the deployment of a run is, and whether the run is still wanted.
    ///
    /// # Errors
    /// The same.
    pub async fn look(&self, id: DeploymentId, service: ServiceName) -> Result<RunView, Problem> {
        self.ask(|reply| Request::Run(OfRun::Look { id, service, reply }))
            .await
    }

    /// Events after `after` from the store, then as they are committed, without a gap.
    ///
    /// # Errors
    /// When the store can't be read; when it ends before `after`.
    pub async fn events(
        &self,
        after: u64,
        deployment: Option<DeploymentId>,
    ) -> Result<EventStream, Problem> {
        self.ask(|reply| Request::Events {
            after,
            deployment,
            reply,
        })
        .await
    }

    /// What happened outside of deployments before a sequence, or all of it: newest first.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn happenings(
        &self,
        limit: u32,
        before: Option<u64>,
    ) -> Result<Vec<HappeningView>, Problem> {
        self.ask(|reply| {
            Request::Happenings(Asked {
                limit,
                before,
                reply,
            })
        })
        .await
    }

    /// What a service's instances printed.
    ///
    /// # Errors
    /// An unknown service; a log that is not there any more.
    pub async fn logs(&self, service: ServiceAt, which: LinesAt) -> Result<LogStream, Problem> {
        self.ask(|reply| Request::Logs {
            service,
            which: Box::new(which),
            reply,
        })
        .await
    }

    /// Ends an application's services; its journal and releases stay.
    ///
    /// # Errors
    /// A running deployment holds the lock; something could not be stopped.
    pub async fn down(
        &self,
        app: AppName,
        environment: Option<EnvironmentName>,
        by: impl Into<Signed>,
    ) -> Result<DownAnswer, Problem> {
        let by = by.into();
        self.ask(|reply| Request::Down {
            app,
            environment,
            by,
            reply,
        })
        .await
    }

    /// From now on the controller ends, and its router too, once nothing has run and nobody has asked
    /// for [`crate::IDLE_FOR`]. Again changes nothing.
    pub fn end_when_idle(&self) {
        // One that is stopping ends anyway.
        let _stopping = self.send(Request::EndWhenIdle).is_err();
    }

    /// Ends the controller's loop after the action under way. Services and router go on.
    ///
    /// # Errors
    /// Only when it is stopping already.
    pub async fn stop(&self) -> Result<(), Problem> {
        self.ask(Request::Stop).await
    }
}
