//! Asking what a request would do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_model::{DeploymentId, ServiceName};

use crate::{DeployRequest, DownRequest, PlanView, RemoveRequest};

/// `POST /v1/checks`. A rollback is checked at `/v1/rollbacks/check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckRequest {
    /// Begin a deployment.
    Deploy(DeployRequest),
    /// Take a service away.
    Remove(RemoveRequest),
    /// End an application's services.
    Down(DownRequest),
}

/// What the request would do now. What would be refused is refused, and nothing has begun.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckAnswer {
    /// What would be carried out; none where nothing is to be done, and where no plan is needed.
    #[serde(default)]
    pub plan: Option<PlanView>,
    /// The deployment that would be aborted.
    #[serde(default)]
    pub aborts: Option<DeploymentId>,
    /// Services among what was promoted that would stay as they are; with why.
    #[serde(default)]
    pub stays: BTreeMap<ServiceName, String>,
}
