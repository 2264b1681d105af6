//! What the run of a command says, and what it is told when it asks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_model::{
    DeploymentId, DeploymentState, InvalidReport, Measure, Metric, Percent, Report, ServiceName,
};

use crate::RolloutView;

/// `POST /v1/deployments/{id}/services/{service}/reports`: at least one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// What the run does now: 1 to 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 64, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")
    )]
    pub phase: Option<String>,
    /// How far it is with that, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Percent>,
    /// A line for people; the first 1,000 characters are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Something measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
}

impl ReportRequest {
    /// What it says, in order; empty where it says nothing.
    ///
    /// # Errors
    /// A name that is none.
    pub fn reports(self) -> Result<Vec<Report>, InvalidReport> {
        let phase = self.phase.as_deref().map(Report::phase).transpose()?;
        let metric = self.metric.map(Report::metric).transpose()?;
        let progress = self.progress.map(Report::Progress);
        let log = self.log.as_deref().map(Report::log);
        Ok([phase, progress, log, metric]
            .into_iter()
            .flatten()
            .collect())
    }
}

/// The answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportAnswer {
    /// False when this service has said so much already that not all of this was kept.
    pub kept: bool,
}

/// `GET /v1/deployments/{id}/services/{service}/health`: how a run's deployment is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunView {
    /// Which deployment.
    pub deployment: DeploymentId,
    /// Whose command runs.
    pub service: ServiceName,
    /// Whether the run should go on. If not it is being ended, and what it has begun is taken back.
    pub wanted: bool,
    /// Where the deployment stands: `held` while a person has it wait, `returning` once it goes back.
    pub state: DeploymentState,
    /// Whether a person has halted every raise of traffic.
    pub halted: bool,
    /// Phase, traffic and readiness of each service of the deployment.
    pub rollouts: BTreeMap<ServiceName, RolloutView>,
}

/// What the command of a service has said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportedView {
    /// What its present run does, in its own word.
    pub phase: Option<String>,
    /// How far that run is with it.
    pub progress: Option<Percent>,
    /// The last value of each metric.
    pub metrics: BTreeMap<String, Measure>,
}
