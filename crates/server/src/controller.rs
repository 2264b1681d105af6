//! What the server asks of a controller.

use windlass_api::{
    Command, DeploymentView, DownAnswer, EnvironmentView, FiguresView, PlanView, Problem,
};
use windlass_model::{AppName, DeploymentId, EnvironmentName};
use windlass_runtime::{EventStream, From, Handle, LogStream, ServiceAt, Wanted};

/// A running controller. [`Handle`] is the real one; see there for what each method means.
pub trait Controller: Clone + Send + Sync + 'static {
    /// What a deployment would do.
    fn plan(&self, wanted: Wanted) -> impl Future<Output = Result<PlanView, Problem>> + Send;

    /// Begins a deployment; no id when there is nothing to do.
    fn deploy(
        &self,
        from: From,
        by: String,
        may_move: bool,
    ) -> impl Future<Output = Result<(Option<DeploymentId>, PlanView), Problem>> + Send;

    /// Hold, resume, abort or promote.
    fn command(
        &self,
        id: DeploymentId,
        command: Command,
        by: String,
    ) -> impl Future<Output = Result<(), Problem>> + Send;

    /// Every environment.
    fn status(&self) -> impl Future<Output = Result<Vec<EnvironmentView>, Problem>> + Send;

    /// What the router has counted.
    fn figures(&self) -> impl Future<Output = Result<FiguresView, Problem>> + Send;

    /// Deployments, newest first.
    fn deployments(
        &self,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<DeploymentView>, Problem>> + Send;

    /// One deployment.
    fn show(
        &self,
        id: DeploymentId,
    ) -> impl Future<Output = Result<DeploymentView, Problem>> + Send;

    /// Events after a sequence, then as they are committed.
    fn events(
        &self,
        after: u64,
        deployment: Option<DeploymentId>,
    ) -> impl Future<Output = Result<EventStream, Problem>> + Send;

    /// What a service's instances printed.
    fn logs(
        &self,
        service: ServiceAt,
        tail: u64,
        follow: bool,
    ) -> impl Future<Output = Result<LogStream, Problem>> + Send;

    /// Ends an application's services.
    fn down(
        &self,
        app: AppName,
        environment: Option<EnvironmentName>,
        by: String,
    ) -> impl Future<Output = Result<DownAnswer, Problem>> + Send;
}

impl Controller for Handle {
    fn plan(&self, wanted: Wanted) -> impl Future<Output = Result<PlanView, Problem>> + Send {
        Handle::plan(self, wanted)
    }

    fn deploy(
        &self,
        from: From,
        by: String,
        may_move: bool,
    ) -> impl Future<Output = Result<(Option<DeploymentId>, PlanView), Problem>> + Send {
        Handle::deploy(self, from, by, may_move)
    }

    fn command(
        &self,
        id: DeploymentId,
        command: Command,
        by: String,
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
    ) -> impl Future<Output = Result<Vec<DeploymentView>, Problem>> + Send {
        Handle::deployments(self, limit)
    }

    fn show(
        &self,
        id: DeploymentId,
    ) -> impl Future<Output = Result<DeploymentView, Problem>> + Send {
        Handle::show(self, id)
    }

    fn events(
        &self,
        after: u64,
        deployment: Option<DeploymentId>,
    ) -> impl Future<Output = Result<EventStream, Problem>> + Send {
        Handle::events(self, after, deployment)
    }

    fn logs(
        &self,
        service: ServiceAt,
        tail: u64,
        follow: bool,
    ) -> impl Future<Output = Result<LogStream, Problem>> + Send {
        Handle::logs(self, service, tail, follow)
    }

    fn down(
        &self,
        app: AppName,
        environment: Option<EnvironmentName>,
        by: String,
    ) -> impl Future<Output = Result<DownAnswer, Problem>> + Send {
        Handle::down(self, app, environment, by)
    }
}
