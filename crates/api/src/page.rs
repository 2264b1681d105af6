//! Lists, a page at a time.

use serde::{Deserialize, Serialize};

use crate::DeploymentView;

/// `GET /v1/deployments`, `GET /v1/happenings`: query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct ListQuery {
    /// Most that a page holds: 20 unless said, at least 1, 200 at most.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", param(value_type = Option<u64>, minimum = 1, maximum = 4_294_967_295_u64))]
    pub limit: Option<u32>,
    /// Where the page begins: `next` of the one before.
    #[serde(default)]
    #[cfg_attr(
        feature = "openapi",
        param(min_length = 1, pattern = "^[A-Za-z0-9_-]+$")
    )]
    pub cursor: Option<String>,
}

/// Deployments, newest first. What begins meanwhile moves no later page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeploymentPage {
    /// This page.
    pub deployments: Vec<DeploymentView>,
    /// The `cursor` of the next page; none after the last one.
    #[serde(default)]
    pub next: Option<String>,
}
