//! What clients see as it happens.

use serde::{Deserialize, Serialize};
use windlass_model::{DeploymentId, Fact};

/// One journal row as it was committed: over the WebSocket as one text message each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// Position among all deployments' rows: resume with `after` = this.
    pub sequence: u64,
    /// Whose.
    pub deployment: DeploymentId,
    /// Its number within the deployment.
    pub number: u64,
    /// Microseconds since 1970 UTC.
    pub at_us: i64,
    /// What became true; may be empty.
    pub facts: Vec<Fact>,
}

/// `GET /v1/events`: query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct EventQuery {
    /// Rows after this sequence; 0 for all. Refused with WL0471 where the journal ends before it.
    #[serde(default)]
    pub after: u64,
    /// Only of this deployment.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", param(value_type = Option<DeploymentId>))]
    pub deployment: Option<String>,
}
