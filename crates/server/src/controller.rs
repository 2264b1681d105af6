//! What the server asks of a controller.

use windlass_api::{
    AdoptAnswer, CheckAnswer, Command, DeploymentView, DownAnswer, EnvironmentView, FiguresView,
    HappeningView, PlanView, Problem, ReportAnswer, RollbackAnswer, RunView, ScoreList, ScoreView,
};
use windlass_model::{AppName, DeploymentId, EnvironmentName, Report, ServiceName};
use windlass_runtime::{
    Check, EventStream, From, Handle, LinesAt, LogStream, RollbackAt, ServiceAt, Signed, Terms,
    Wanted, When,
};

/// A running controller. [`Handle`] is the real one; see there for what each method means.
pub trait Controller: Clone + Send + Sync + 'static {
    /// What a deployment would do.
    fn plan(&self, wanted: Wanted) -> impl Future<Output = Result<PlanView, Problem>> + Send;

    /// Measures the health score and keeps it.
    fn score(&self, wanted: Wanted) -> impl Future<Output = Result<ScoreView, Problem>> + Send;

    /// The scores of an environment, newest first.
    fn scores(
        &self,
        app: AppName,
        environment: EnvironmentName,
    ) -> impl Future<Output = Result<ScoreList, Problem>> + Send;

    /// Begins a deployment; no id when there is nothing to do. One that is `withdrawn` before it has
    /// begun does not begin.
    fn deploy(
        &self,
        from: From,
        terms: Terms,
        when: When,
        withdrawn: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = Result<(Option<DeploymentId>, PlanView), Problem>> + Send;

    /// Goes back to earlier releases.
    fn rollback(
        &self,
        at: RollbackAt,
        by: Signed,
    ) -> impl Future<Output = Result<RollbackAnswer, Problem>> + Send;

    /// What something would do now.
    fn check(&self, asked: Check) -> impl Future<Output = Result<CheckAnswer, Problem>> + Send;

    /// Takes a service away.
    fn remove(
        &self,
        service: ServiceAt,
        by: Signed,
    ) -> impl Future<Output = Result<(DeploymentId, PlanView), Problem>> + Send;

    /// Writes down as stable what runs, then ends.
    fn adopt(&self, by: Signed) -> impl Future<Output = Result<AdoptAnswer, Problem>> + Send;

    /// Hold, resume, abort, promote, finalize or repair.
    fn command(
        &self,
        id: DeploymentId,
        command: Command,
        by: Signed,
    ) -> impl Future<Output = Result<(), Problem>> + Send;

    /// Every environment.
    fn status(&self) -> impl Future<Output = Result<Vec<EnvironmentView>, Problem>> + Send;

    /// What the router has counted.
    fn figures(&self) -> impl Future<Output = Result<FiguresView, Problem>> + Send;

    /// Deployments that began before one, or all; newest first.
    fn deployments(
        &self,
        limit: u32,
        before: Option<DeploymentId>,
    ) -> impl Future<Output = Result<Vec<DeploymentView>, Problem>> + Send;

    /// One deployment.
    fn show(
        &self,
        id: DeploymentId,
    ) -> impl Future<Output = Result<DeploymentView, Problem>> + Send;

    /// Takes what the run of a command says.
    fn report(
        &self,
        id: DeploymentId,
        service: ServiceName,
        reports: Vec<Report>,
    ) -> impl Future<Output = Result<ReportAnswer, Problem>> + Send;

    /// How the deployment of a run is.
    fn look(
        &self,
        id: DeploymentId,
        service: ServiceName,
    ) -> impl Future<Output = Result<RunView, Problem>> + Send;

    /// Events after a sequence, then as they are committed.
    fn events(
        &self,
        after: u64,
        deployment: Option<DeploymentId>,
    ) -> impl Future<Output = Result<EventStream, Problem>> + Send;

    /// What happened outside of deployments before a sequence, or all of it; newest first.
    fn happenings(
        &self,
        limit: u32,
        before: Option<u64>,
    ) -> impl Future<Output = Result<Vec<HappeningView>, Problem>> + Send;

    /// What a service's instances printed.
    fn logs(
        &self,
        service: ServiceAt,
        which: LinesAt,
    ) -> impl Future<Output = Result<LogStream, Problem>> + Send;

    /// Ends an application's services.
    fn down(
        &self,
        app: AppName,
        environment: Option<EnvironmentName>,
        by: Signed,
    ) -> impl Future<Output = Result<DownAnswer, Problem>> + Send;
}

impl Controller for Handle {
    fn plan(&self, wanted: Wanted) -> impl Future<Output = Result<PlanView, Problem>> + Send {
        Handle::plan(self, wanted)
    }

    fn score(&self, wanted: Wanted) -> impl Future<Output = Result<ScoreView, Problem>> + Send {
        Handle::score(self, wanted)
    }

    fn scores(
        &self,
        app: AppName,
        environment: EnvironmentName,
    ) -> impl Future<Output = Result<ScoreList, Problem>> + Send {
        Handle::scores(self, app, environment)
    }

    fn deploy(
        &self,
        from: From,
        terms: Terms,
        when: When,
        withdrawn: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = Result<(Option<DeploymentId>, PlanView), Problem>> + Send {
        Handle::deploy_unless(self, from, terms, when, withdrawn)
    }

    fn rollback(
        &self,
        at: RollbackAt,
        by: Signed,
    ) -> impl Future<Output = Result<RollbackAnswer, Problem>> + Send {
        Handle::rollback(self, at, by)
    }

    fn check(&self, asked: Check) -> impl Future<Output = Result<CheckAnswer, Problem>> + Send {
        Handle::check(self, asked)
    }

    fn remove(
        &self,
        service: ServiceAt,
        by: Signed,
    ) -> impl Future<Output = Result<(DeploymentId, PlanView), Problem>> + Send {
        Handle::remove(self, service, by)
    }

    fn adopt(&self, by: Signed) -> impl Future<Output = Result<AdoptAnswer, Problem>> + Send {
        Handle::adopt(self, by)
    }

    fn command(
        &self,
        id: DeploymentId,
        command: Command,
        by: Signed,
    ) -> impl Future<Output = Result<(), Problem>> + Send {
        Handle::command(self, id, command, by)
    }

    fn status(&self) -> impl Future<Output = Result<Vec<EnvironmentView>, Problem>> + Send {
        Handle::status(self)
    }

    fn figures(&self) -> impl Future<Output = Result<FiguresView, Problem>> + Send {
        Handle::figures(self)
    }

    fn deployments(
        &self,
        limit: u32,
        before: Option<DeploymentId>,
    ) -> impl Future<Output = Result<Vec<DeploymentView>, Problem>> + Send {
        Handle::deployments(self, limit, before)
    }

    fn show(
        &self,
        id: DeploymentId,
    ) -> impl Future<Output = Result<DeploymentView, Problem>> + Send {
        Handle::show(self, id)
    }

    fn report(
        &self,
        id: DeploymentId,
        service: ServiceName,
        reports: Vec<Report>,
    ) -> impl Future<Output = Result<ReportAnswer, Problem>> + Send {
        Handle::report(self, id, service, reports)
    }

    fn look(
        &self,
        id: DeploymentId,
        service: ServiceName,
    ) -> impl Future<Output = Result<RunView, Problem>> + Send {
        Handle::look(self, id, service)
    }

    fn events(
        &self,
        after: u64,
        deployment: Option<DeploymentId>,
    ) -> impl Future<Output = Result<EventStream, Problem>> + Send {
        Handle::events(self, after, deployment)
    }

    fn happenings(
        &self,
        limit: u32,
        before: Option<u64>,
    ) -> impl Future<Output = Result<Vec<HappeningView>, Problem>> + Send {
        Handle::happenings(self, limit, before)
    }

    fn logs(
        &self,
        service: ServiceAt,
        which: LinesAt,
    ) -> impl Future<Output = Result<LogStream, Problem>> + Send {
        Handle::logs(self, service, which)
    }

    fn down(
        &self,
        app: AppName,
        environment: Option<EnvironmentName>,
        by: Signed,
    ) -> impl Future<Output = Result<DownAnswer, Problem>> + Send {
        Handle::down(self, app, environment, by)
    }
}
