//! A controller with behaviour: it keeps deployments, takes commands, and streams its events.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use futures_channel::{mpsc, oneshot};
use windlass_api::{
    AdoptAnswer, CheckAnswer, Command, DeploymentView, DownAnswer, EnvironmentView, Event, Exit,
    FiguresView, HappeningView, LogLine, PlanView, Problem, ReportAnswer, RollbackAnswer, RunView,
    ScoreList, ScoreView,
};
use windlass_model::{
    AppName, DeploymentId, DeploymentState, EnvironmentName, Fact, OnFailure, Outcome, Plan,
    PlanId, Report, ServiceName,
};
use windlass_runtime::{
    Check, EventStream, From, LinesAt, LogStream, RollbackAt, ServiceAt, Signed, Terms, Wanted,
    When,
};
use windlass_server::Controller;

#[derive(Clone, Default)]
pub(crate) struct Fake {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) said: Vec<(DeploymentId, Command, String)>,
    /// How each deployment was to meet one that runs.
    pub(crate) when: Vec<When>,
    /// By what each is known when it is asked for again.
    pub(crate) asked_as: Vec<Option<String>>,
    pub(crate) rolled_back: Vec<RollbackAt>,
    pub(crate) checked: Vec<Check>,
    pub(crate) removed: Vec<ServiceAt>,
    pub(crate) reported: Vec<(DeploymentId, ServiceName, Vec<Report>)>,
    pub(crate) deployments: Vec<DeploymentView>,
    pub(crate) events: Vec<Event>,
    /// Events after which a stream ends as that of a slow watcher.
    pub(crate) stream_ends_after: Option<usize>,
    /// Whether a stream stays open after the last event.
    pub(crate) streams_stay: bool,
    /// Whether streams end with their deployment.
    pub(crate) streams_are_whole: bool,
    open: Vec<mpsc::Sender<Event>>,
    pub(crate) logs_asked: Vec<(ServiceAt, LinesAt)>,
    /// Told when a `down` begins, or a deployment that meets another one; it then waits for the other.
    pub(crate) waits: Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>,
    pub(crate) environments: Vec<EnvironmentView>,
    /// Newest first.
    pub(crate) happenings: Vec<HappeningView>,
}

impl Fake {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics with the lock")
    }

    async fn waited(&self) {
        let waits = self.state().waits.take();
        if let Some((begun, go_on)) = waits {
            begun.send(()).unwrap();
            go_on.await.unwrap();
        }
    }

    /// Commits one event.
    pub(crate) fn commit(&self, facts: Vec<Fact>) {
        let mut state = self.state();
        let number = state.events.len() as u64;
        let event = Event {
            sequence: number + 1,
            deployment: id("dep_01a"),
            number,
            at_us: 0,
            facts,
        };
        for watcher in &mut state.open {
            watcher.try_send(event.clone()).ok();
        }
        state.events.push(event);
    }
}

pub(crate) fn id(text: &str) -> DeploymentId {
    DeploymentId::parse(text).unwrap()
}

pub(crate) fn held(by: &str) -> Vec<Fact> {
    vec![Fact::Held { by: by.to_owned() }]
}

pub(crate) fn deployment(text: &str, app: AppName) -> DeploymentView {
    DeploymentView {
        id: id(text),
        kind: windlass_model::PlanKind::Deploy,
        plan: PlanId::parse("plan_1").unwrap(),
        app,
        environment: EnvironmentName::default_environment(),
        state: DeploymentState::Running,
        started_us: 0,
        ended_us: None,
        returning_since_us: None,
        by: "mira".to_owned(),
        rollouts: BTreeMap::new(),
        sequence: 0,
        poisoned: None,
        not_renamed: None,
        score: None,
        held: None,
        by_hand: false,
        because: Vec::new(),
        said: Vec::new(),
    }
}

fn plan_view(wanted: &Wanted) -> PlanView {
    PlanView {
        no_start: BTreeMap::new(),
        went_back: BTreeMap::new(),
        programs: BTreeMap::new(),
        new: BTreeMap::new(),
        down: BTreeMap::new(),
        risk: None,
        takes: None,
        plan: Plan {
            folder: String::new(),
            id: PlanId::parse("plan_1").unwrap(),
            app: wanted.spec.app.clone(),
            environment: wanted.spec.environment.clone(),
            revision: 0,
            on_failure: OnFailure::All,
            parallel: wanted.spec.parallel,
            kind: windlass_model::PlanKind::Deploy,
            finalize: wanted.spec.finalize,
            score: windlass_model::ScoreSpec::default(),
            before: Vec::new(),
            renames: BTreeMap::new(),
            rollouts: BTreeMap::new(),
            unchanged: wanted.spec.services.keys().cloned().collect(),
            unmanaged: std::collections::BTreeSet::new(),
            tasks: Vec::new(),
        },
        nothing_to_do: false,
    }
}

fn unknown(id: &DeploymentId) -> Problem {
    Problem::new(404, "WL0307", Exit::Usage, format!("there is no {id}")).hint("windlass list")
}

impl Controller for Fake {
    async fn score(&self, wanted: Wanted) -> Result<ScoreView, Problem> {
        let spec = wanted.spec.clone();
        self.state().wanted.push(wanted);
        Ok(ScoreView {
            app: spec.app,
            environment: spec.environment,
            score: windlass_model::Score {
                at_us: 0,
                low: windlass_model::Measure::nearest(90.0),
                high: windlass_model::Measure::nearest(90.0),
                band: Some(windlass_model::Band::DeployWithMonitoring),
                categories: Vec::new(),
                lost: Vec::new(),
            },
            permit: Some(windlass_model::Permit::Watched),
            history: Vec::new(),
        })
    }

    async fn scores(
        &self,
        _app: AppName,
        _environment: EnvironmentName,
    ) -> Result<ScoreList, Problem> {
        Ok(ScoreList::default())
    }

    async fn plan(&self, wanted: Wanted) -> Result<PlanView, Problem> {
        let view = plan_view(&wanted);
        self.state().wanted.push(wanted);
        Ok(view)
    }

    async fn deploy(
        &self,
        from: From,
        terms: Terms,
        when: When,
        withdrawn: impl Future<Output = ()> + Send,
    ) -> Result<(Option<DeploymentId>, PlanView), Problem> {
        self.state().when.push(when);
        self.state().asked_as.push(terms.asked_as.clone());
        if when != When::Now {
            tokio::select! {
                () = self.waited() => {}
                () = withdrawn => {
                    let ending = "the controller is ending";
                    return Err(Problem::new(503, "WL0301", Exit::Unreachable, ending));
                }
            }
        }
        match from {
            From::File(wanted) => {
                let view = plan_view(&wanted);
                let mut begun = deployment("dep_01a", wanted.spec.app.clone());
                begun.by = terms.by;
                self.state().deployments.push(begun);
                Ok((Some(id("dep_01a")), view))
            }
            From::Plan(_) => Err(Problem::new(
                409,
                "WL0305",
                Exit::Refused,
                "the plan is stale",
            )),
            From::Retry(id) => Err(unknown(&id)),
        }
    }

    async fn command(&self, id: DeploymentId, command: Command, by: Signed) -> Result<(), Problem> {
        let mut state = self.state();
        let found = state.deployments.iter_mut().find(|view| view.id == id);
        let Some(view) = found else {
            return Err(unknown(&id));
        };
        view.state = match command {
            Command::Hold => DeploymentState::Held,
            Command::Resume => DeploymentState::Running,
            Command::Abort => DeploymentState::Ended(Outcome::RolledBack),
            Command::Promote => DeploymentState::Settling,
            Command::Finalize => DeploymentState::Ended(Outcome::Promoted),
            Command::Repair { .. } => DeploymentState::Returning,
        };
        state.said.push((id, command, by.by));
        Ok(())
    }

    async fn rollback(&self, at: RollbackAt, _by: Signed) -> Result<RollbackAnswer, Problem> {
        self.state().rolled_back.push(at);
        Ok(RollbackAnswer {
            deployment: Some(id("dep_01a")),
            aborted: true,
            stays: BTreeMap::new(),
            plan: None,
        })
    }

    async fn check(&self, asked: Check) -> Result<CheckAnswer, Problem> {
        self.state().checked.push(asked);
        Ok(CheckAnswer::default())
    }

    async fn remove(
        &self,
        service: ServiceAt,
        _by: Signed,
    ) -> Result<(DeploymentId, PlanView), Problem> {
        self.state().removed.push(service);
        Err(Problem::new(409, "WL0304", Exit::Refused, "api is needed"))
    }

    async fn adopt(&self, _by: Signed) -> Result<AdoptAnswer, Problem> {
        Ok(AdoptAnswer {
            environments: Vec::new(),
            epoch: 7,
            left: Vec::new(),
        })
    }

    async fn figures(&self) -> Result<FiguresView, Problem> {
        Ok(FiguresView {
            router: "one".to_owned(),
            ..FiguresView::default()
        })
    }

    async fn status(&self) -> Result<Vec<EnvironmentView>, Problem> {
        Ok(self.state().environments.clone())
    }

    async fn happenings(
        &self,
        limit: u32,
        before: Option<u64>,
    ) -> Result<Vec<HappeningView>, Problem> {
        let state = self.state();
        let earlier = |it: &&HappeningView| before.is_none_or(|before| it.sequence < before);
        let found = state.happenings.iter().filter(earlier).cloned();
        Ok(found.take(limit as usize).collect())
    }

    async fn deployments(
        &self,
        limit: u32,
        before: Option<DeploymentId>,
    ) -> Result<Vec<DeploymentView>, Problem> {
        let limit = usize::try_from(limit).unwrap();
        let state = self.state();
        let mut all = state.deployments.iter().rev();
        if let Some(before) = before {
            all.find(|view| view.id == before);
        }
        Ok(all.take(limit).cloned().collect())
    }

    async fn show(&self, id: DeploymentId) -> Result<DeploymentView, Problem> {
        let state = self.state();
        let found = state.deployments.iter().find(|view| view.id == id);
        found.cloned().ok_or_else(|| unknown(&id))
    }

    async fn report(
        &self,
        id: DeploymentId,
        service: ServiceName,
        reports: Vec<Report>,
    ) -> Result<ReportAnswer, Problem> {
        self.state().reported.push((id, service, reports));
        Ok(ReportAnswer { kept: true })
    }

    async fn look(&self, id: DeploymentId, service: ServiceName) -> Result<RunView, Problem> {
        Ok(RunView {
            deployment: id,
            service,
            wanted: true,
            state: DeploymentState::Running,
            halted: false,
            rollouts: BTreeMap::new(),
        })
    }

    async fn events(
        &self,
        after: u64,
        _deployment: Option<DeploymentId>,
    ) -> Result<EventStream, Problem> {
        let (mut sender, stream) = mpsc::channel(64);
        let mut state = self.state();
        let end = state.events.last().map_or(0, |event| event.sequence);
        if after > end {
            let title = format!("the journal ends at {end}");
            return Err(Problem::new(409, "WL0471", Exit::Refused, title));
        }
        let most = state.stream_ends_after.unwrap_or(usize::MAX);
        let past = state.events.iter().filter(|event| event.sequence > after);
        for event in past.take(most) {
            sender.try_send(event.clone()).unwrap();
        }
        let (stream, whole) = EventStream::of(stream);
        if state.streams_are_whole {
            whole.say();
        }
        if state.streams_stay {
            state.open.push(sender);
        }
        Ok(stream)
    }

    async fn logs(&self, service: ServiceAt, which: LinesAt) -> Result<LogStream, Problem> {
        self.state().logs_asked.push((service, which));
        let (mut sender, stream) = mpsc::channel(64);
        for number in 1..=3 {
            let line = LogLine {
                at_us: None,
                instance: "ins_1".to_owned(),
                version: "1".to_owned(),
                job: None,
                stream: "stdout".to_owned(),
                text: format!("line {number}\twith \u{fffd} and \"quotes\""),
                end: number,
            };
            sender.try_send(line).unwrap();
        }
        Ok(stream)
    }

    async fn down(
        &self,
        app: AppName,
        _environment: Option<EnvironmentName>,
        _by: Signed,
    ) -> Result<DownAnswer, Problem> {
        let ended = vec![ServiceName::new("web").unwrap()];
        self.waited().await;
        match app.as_str() {
            "hello" => Ok(DownAnswer {
                ended,
                stays: Vec::new(),
                stuck: Vec::new(),
                last: true,
            }),
            _ => Err(Problem::new(
                409,
                "WL0304",
                Exit::Refused,
                "another deployment runs here",
            )),
        }
    }
}
