//! What the router has counted, on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_model::{ServiceKey, Version};

/// `GET /v1/figures`: what the router has counted in the ticks it still keeps, at most ten minutes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FiguresView {
    /// The life of the router that counted.
    pub router: String,
    /// How long it counted, in milliseconds.
    #[serde(default)]
    pub over_ms: u64,
    /// Per service: one entry per version, and one without a version for the router's own answers.
    pub services: BTreeMap<ServiceKey, Vec<VersionFigures>>,
}

/// What came of one version's requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VersionFigures {
    /// The version; none for answers that the router gave by itself.
    pub version: Option<Version>,
    /// Answers by status class: 1xx to 5xx.
    pub answers: [u64; 5],
    /// Instances that could not be connected to.
    pub connect_failures: u64,
    /// Answers that broke off.
    pub broken: u64,
}
