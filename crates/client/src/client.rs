//! The controller's API as functions.

use std::time::Duration;

use windlass_api::{
    API_VERSION, AdoptAnswer, AdoptRequest, CheckAnswer, CheckRequest, Command, CommandRequest,
    DeployAnswer, DeployRequest, DeploymentPage, DeploymentView, DownAnswer, DownRequest,
    EnvironmentView, FiguresView, FileRequest, FinalizeRequest, HappeningView, LogQuery, PlanView,
    RemoveAnswer, RemoveRequest, RepairRequest, RollbackAnswer, RollbackRequest, ScoreView,
    TokenAnswer, TokenList, TokenRequest, TokenView, VersionView,
};
use windlass_model::{DeploymentId, Repair};

use crate::exchange::{Ask, exchange};
use crate::lock::{Holder, is_stopped};
use crate::query::Query;
use crate::{
    ClientError, ControllerLock, Events, Key, Logs, Reach, Starting, StatePaths, Told, newer, start,
};

/// Longest wait for an answer that needs no work.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Longest wait for an answer that copies releases.
const PLAN_WITHIN: Duration = Duration::from_mins(10);

/// Longest time to hear what a rollback would do.
const LOOK_WITHIN: Duration = Duration::from_secs(10);

/// Longest wait for services to end; each has its own time to stop.
const DOWN_WITHIN: Duration = Duration::from_mins(15);

/// A controller that answered and speaks our version. Every call opens a connection of its own, so
/// one client serves calls side by side; dropping a call's future leaves the request to be carried
/// out.
#[derive(Clone, Debug)]
pub struct Client {
    reach: Reach,
    controller: VersionView,
}

/// Whoever is silent has the lock: the message names it, and says so if it is stopped.
fn named(error: ClientError, paths: &StatePaths) -> ClientError {
    let ClientError::Silent { seconds, .. } = error else {
        return error;
    };
    match ControllerLock::holder(paths) {
        Holder::Somebody(Some(pid)) if is_stopped(pid) => ClientError::Stopped { pid },
        Holder::Somebody(pid) => ClientError::Silent { pid, seconds },
        Holder::Nobody => ClientError::Silent { pid: None, seconds },
    }
}

/// What a controller answers of a path that it does not have.
const NO_PATH: &str = "WL0361";

/// None instead of the refusal of an older controller.
fn known<T>(answer: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match answer {
        Err(ClientError::Refused(problem)) if problem.code.0 == NO_PATH => Ok(None),
        answer => answer.map(Some),
    }
}

/// A page of a list.
fn paged(path: &str, limit: usize, cursor: Option<&str>) -> String {
    let mut path = Query::new(path).with("limit", &limit.to_string());
    if let Some(cursor) = cursor {
        path = path.with("cursor", cursor);
    }
    path.finish()
}

impl Client {
    /// Greets the controller that is reached there; starts none.
    ///
    /// # Errors
    /// [`ClientError::NotRunning`]; one that is stopped, silent or of another version; elsewhere
    /// [`ClientError::Remote`].
    pub async fn connect(reach: impl Into<Reach>) -> Result<Self, ClientError> {
        let reach = reach.into();
        let ask = Ask::get("/v1/version");
        let greeted = exchange(&reach, ask, reach.greeting_within()).await;
        let controller: VersionView = greeted.map_err(|error| match reach.paths() {
            Some(paths) => named(error, paths),
            None => error,
        })?;
        if controller.api != API_VERSION {
            return Err(ClientError::OtherVersion {
                theirs: controller.version,
                their_api: controller.api,
                our_api: API_VERSION,
            });
        }
        Ok(Self { reach, controller })
    }

    /// The same, starting the controller of a state directory when none answers. Of several that race,
    /// the kernel's lock decides which controller stays; all of them connect to that one. Elsewhere none
    /// is started.
    ///
    /// # Errors
    /// The same; a controller that ends at its start, with the last lines of its log.
    pub async fn connect_or_start(
        reach: impl Into<Reach>,
        starting: &Starting,
    ) -> Result<Self, ClientError> {
        start::connect_or_start(&reach.into(), starting).await
    }

    /// What answered the greeting.
    pub fn controller(&self) -> &VersionView {
        &self.controller
    }

    /// Where it is reached.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Whether it has ended: then none of its processes, sockets and ports is left.
    pub async fn has_ended(&self) -> bool {
        match &self.reach {
            Reach::Here(paths) => ControllerLock::holder(paths) == Holder::Nobody,
            Reach::Elsewhere(_) => match Self::connect(&self.reach).await {
                Ok(now) => now.controller != self.controller,
                Err(met) => met.passes(),
            },
        }
    }

    /// What a deployment of `file` would do. Stores the plan.
    ///
    /// # Errors
    /// The controller's refusal; no answer within ten minutes.
    pub async fn plan(&self, file: &FileRequest) -> Result<PlanView, ClientError> {
        self.ask(Ask::post("/v1/plans", file)?, PLAN_WITHIN).await
    }

    /// Measures the health score that `file` asks for.
    ///
    /// # Errors
    /// The controller's refusal; no answer within ten minutes.
    pub async fn score(&self, file: &FileRequest) -> Result<ScoreView, ClientError> {
        self.ask(Ask::post("/v1/scores", file)?, PLAN_WITHIN).await
    }

    /// Begins a deployment, after as long a wait as the request allows.
    ///
    /// # Errors
    /// The same.
    pub async fn deploy(&self, request: &DeployRequest) -> Result<DeployAnswer, ClientError> {
        self.deploy_as(request, Key::fresh()?).await
    }

    /// The same under a key. One that has begun under it, also at an earlier controller, is the answer:
    /// it does not begin twice.
    ///
    /// # Errors
    /// The same.
    pub async fn deploy_as(
        &self,
        request: &DeployRequest,
        key: Key,
    ) -> Result<DeployAnswer, ClientError> {
        let ask = Ask::post_as("/v1/deployments", request, key)?;
        let waits = Duration::from_millis(request.wait_ms.unwrap_or(0));
        self.ask(ask, PLAN_WITHIN.saturating_add(waits)).await
    }

    /// Goes back to earlier releases.
    ///
    /// # Errors
    /// The controller's refusal, with what could be gone back to; no answer within ten minutes.
    pub async fn rollback(&self, request: &RollbackRequest) -> Result<RollbackAnswer, ClientError> {
        let ask = Ask::post("/v1/rollbacks", request)?;
        self.ask(ask, PLAN_WITHIN).await
    }

    /// What a deployment, a removal or an end would do; nothing of it begins. None where the controller
    /// is older than that question.
    ///
    /// # Errors
    /// What it would be refused with; no answer within ten minutes.
    pub async fn check(&self, request: &CheckRequest) -> Result<Option<CheckAnswer>, ClientError> {
        known(
            self.ask(Ask::post("/v1/checks", request)?, PLAN_WITHIN)
                .await,
        )
    }

    /// The same for a rollback; none also where no answer comes in ten seconds: what is in an emergency waits
    /// for no look.
    ///
    /// # Errors
    /// The controller's refusal.
    pub async fn check_rollback(
        &self,
        request: &RollbackRequest,
    ) -> Result<Option<CheckAnswer>, ClientError> {
        let ask = Ask::post("/v1/rollbacks/check", request)?;
        let answer = tokio::time::timeout(LOOK_WITHIN, self.ask(ask, PLAN_WITHIN)).await;
        answer.map_or(Ok(None), known)
    }

    /// Takes a service away.
    ///
    /// # Errors
    /// The controller's refusal; no answer within ten minutes.
    pub async fn remove(&self, request: &RemoveRequest) -> Result<RemoveAnswer, ClientError> {
        let ask = Ask::post("/v1/removals", request)?;
        self.ask(ask, PLAN_WITHIN).await
    }

    /// Writes down as stable what runs; the controller ends after that.
    ///
    /// # Errors
    /// The controller's refusal; no answer within ten minutes.
    pub async fn adopt(&self, by: &str, why: Option<&str>) -> Result<AdoptAnswer, ClientError> {
        let (by, why) = signed(by, why);
        let request = AdoptRequest { by, why };
        let ask = Ask::post("/v1/adoptions", &request)?;
        self.ask(ask, PLAN_WITHIN).await
    }

    /// Drops the standby that an ended deployment has left.
    ///
    /// # Errors
    /// The controller's refusal; no answer within 15 minutes.
    pub async fn finalize(
        &self,
        id: &DeploymentId,
        by: &str,
        why: Option<&str>,
    ) -> Result<DeploymentView, ClientError> {
        let (by, why) = signed(by, why);
        let request = FinalizeRequest { by, why };
        let ask = Ask::post(format!("/v1/deployments/{id}/finalize"), &request)?;
        self.ask(ask, DOWN_WITHIN).await
    }

    /// Mends a stuck deployment; answered once it is journalled.
    ///
    /// # Errors
    /// The controller's refusal; no answer within 30 s.
    pub async fn repair(
        &self,
        id: &DeploymentId,
        how: Repair,
        by: &str,
        why: Option<&str>,
    ) -> Result<DeploymentView, ClientError> {
        let (by, why) = signed(by, why);
        let request = RepairRequest { how, by, why };
        let ask = Ask::post(format!("/v1/deployments/{id}/repair"), &request)?;
        self.ask(ask, ANSWER_WITHIN).await
    }

    /// Deployments, newest first, at most `limit`: as many pages as that takes.
    ///
    /// # Errors
    /// The controller's refusal; no answer within 30 s a page.
    pub async fn deployments(&self, limit: u32) -> Result<Vec<DeploymentView>, ClientError> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut all = Vec::new();
        let mut cursor = None;
        loop {
            let left = wanted.saturating_sub(all.len());
            if left == 0 {
                return Ok(all);
            }
            let page = self.page(left, cursor.as_deref()).await?;
            let empty = page.deployments.is_empty();
            all.extend(page.deployments);
            cursor = page.next;
            if cursor.is_none() || empty {
                return Ok(all);
            }
        }
    }

    /// One page of them.
    async fn page(
        &self,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<DeploymentPage, ClientError> {
        let path = paged("/v1/deployments", limit, cursor);
        self.ask(Ask::get(path), ANSWER_WITHIN).await
    }

    /// What happened outside of deployments, newest first, at most `limit`: as many pages as that takes.
    ///
    /// # Errors
    /// The controller's refusal; no answer within 30 s a page.
    pub async fn happenings(&self, limit: u32) -> Result<Told<Vec<HappeningView>>, ClientError> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut all: Told<Vec<HappeningView>> = Told::default();
        let mut cursor = None;
        while all.known.len() < wanted {
            let left = wanted.saturating_sub(all.known.len());
            let path = paged("/v1/happenings", left, cursor.as_deref());
            let page = self.ask(Ask::get(path), ANSWER_WITHIN).await?;
            let page = newer::happenings(page).map_err(|why| ClientError::Malformed {
                what: why.to_string(),
            })?;
            all.known.extend(page.known.happenings);
            all.unknown.extend(page.unknown);
            cursor = page.known.next;
            if cursor.is_none() {
                break;
            }
        }
        Ok(all)
    }

    /// Makes a token for the network. Its secret is in the answer and nowhere else.
    ///
    /// # Errors
    /// The controller's refusal; no answer within 30 s.
    pub async fn create_token(&self, request: &TokenRequest) -> Result<TokenAnswer, ClientError> {
        let ask = Ask::post("/v1/tokens", request)?;
        self.ask(ask, ANSWER_WITHIN).await
    }

    /// Tokens without their secrets, oldest first.
    ///
    /// # Errors
    /// The same.
    pub async fn tokens(&self) -> Result<Vec<TokenView>, ClientError> {
        let list: TokenList = self.ask(Ask::get("/v1/tokens"), ANSWER_WITHIN).await?;
        Ok(list.tokens)
    }

    /// Ends a token.
    ///
    /// # Errors
    /// The same; an unknown id.
    pub async fn revoke_token(&self, id: &str) -> Result<TokenView, ClientError> {
        let ask = Ask::delete(Query::new("/v1/tokens/").place(id).finish());
        self.ask(ask, ANSWER_WITHIN).await
    }

    /// One deployment.
    ///
    /// # Errors
    /// The same; an unknown id.
    pub async fn show(&self, id: &DeploymentId) -> Result<DeploymentView, ClientError> {
        let ask = Ask::get(format!("/v1/deployments/{id}"));
        self.ask(ask, ANSWER_WITHIN).await
    }

    /// Says something to a running deployment; answered once it is journalled.
    ///
    /// # Errors
    /// The same; a command that no longer applies.
    pub async fn command(
        &self,
        id: &DeploymentId,
        command: Command,
        by: &str,
        why: Option<&str>,
    ) -> Result<DeploymentView, ClientError> {
        let (by, why) = signed(by, why);
        let request = CommandRequest { command, by, why };
        let ask = Ask::post(format!("/v1/deployments/{id}/commands"), &request)?;
        self.ask(ask, ANSWER_WITHIN).await
    }

    /// Every environment and what runs in it.
    ///
    /// # Errors
    /// The controller's refusal; no answer within 30 s.
    pub async fn status(&self) -> Result<Vec<EnvironmentView>, ClientError> {
        self.ask(Ask::get("/v1/status"), ANSWER_WITHIN).await
    }

    /// What the router has counted in the last ten minutes.
    ///
    /// # Errors
    /// The controller's refusal; no answer within 30 s.
    pub async fn figures(&self) -> Result<FiguresView, ClientError> {
        self.ask(Ask::get("/v1/figures"), ANSWER_WITHIN).await
    }

    /// Ends an application's services.
    ///
    /// # Errors
    /// The controller's refusal; no answer within 15 minutes.
    pub async fn down(&self, request: &DownRequest) -> Result<DownAnswer, ClientError> {
        self.ask(Ask::post("/v1/down", request)?, DOWN_WITHIN).await
    }

    /// Events after `after`, then as they are committed, until the connection ends. See
    /// [`crate::Following`] for one that goes on after that.
    ///
    /// # Errors
    /// The controller's refusal; no connection.
    pub async fn events(
        &self,
        after: u64,
        deployment: Option<&DeploymentId>,
    ) -> Result<Events, ClientError> {
        let mut path = Query::new("/v1/events").with("after", &after.to_string());
        if let Some(id) = deployment {
            path = path.with("deployment", id.as_str());
        }
        let path = path.finish();
        let open = Events::open(&self.reach, &path);
        self.within(self.reach.greeting_within(), open).await
    }

    /// What a service's instances printed.
    ///
    /// # Errors
    /// The controller's refusal; no connection.
    pub async fn logs(&self, query: &LogQuery) -> Result<Logs, ClientError> {
        let mut path = Query::new("/v1/logs")
            .with("app", &query.app)
            .with("environment", &query.environment)
            .with("service", &query.service)
            .with("follow", if query.follow { "true" } else { "false" });
        if let Some(tail) = query.tail {
            path = path.with("tail", &tail.to_string());
        }
        let numbers = [
            ("lines", query.lines.map(|lines| lines.to_string())),
            ("since_us", query.since_us.map(|since| since.to_string())),
        ];
        let words = [
            ("deployment", query.deployment.clone()),
            ("version", query.version.clone()),
            ("instance", query.instance.clone()),
        ];
        for (name, value) in numbers.into_iter().chain(words) {
            if let Some(value) = value {
                path = path.with(name, &value);
            }
        }
        let open = Logs::open(&self.reach, path.finish());
        self.within(ANSWER_WITHIN, open).await
    }

    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        ask: Ask,
        within: Duration,
    ) -> Result<T, ClientError> {
        self.exchanged(ask, within)
            .await
            .map_err(|error| match error {
                ClientError::Silent { pid: None, seconds } => ClientError::Silent {
                    pid: Some(self.controller.pid),
                    seconds,
                },
                other => other,
            })
    }
}

impl Client {
    /// Asks, and once more when the connection broke in the middle of something that has a key. Only of
    /// the same controller: another one knows the keys of deployments alone. See [`Client::outliving`].
    async fn exchanged<T: serde::de::DeserializeOwned>(
        &self,
        ask: Ask,
        within: Duration,
    ) -> Result<T, ClientError> {
        let reach = &self.reach;
        let again = ask.key.is_some().then(|| ask.clone());
        let answered = exchange(reach, ask, within).await;
        let broken = matches!(&answered, Err(met) if met.is_cut());
        let Some(again) = again.filter(|_| broken) else {
            return answered;
        };
        match Self::connect(reach).await {
            Ok(now) if now.controller == self.controller => exchange(reach, again, within).await,
            Ok(_) | Err(_) => answered,
        }
    }

    async fn within<T>(
        &self,
        limit: Duration,
        ask: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, ClientError> {
        tokio::time::timeout(limit, ask)
            .await
            .unwrap_or_else(|_late| Err(self.reach.silent(limit)))
    }
}

/// Who says something and why, as a request has it.
fn signed(by: &str, why: Option<&str>) -> (String, Option<String>) {
    (by.to_owned(), why.map(str::to_owned))
}
