//! What the past holds against a release that a plan brings.

use serde::{Deserialize, Serialize};
use windlass_model::{DeploymentId, ReturnReason, Version};

/// A release that served, or was about to, and was left again. Nothing was promoted of it since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WentBackView {
    /// What people called it then.
    pub version: Version,
    /// The deployment in which it was left.
    pub deployment: DeploymentId,
    /// When that ended, microseconds since 1970 UTC.
    pub at_us: i64,
    /// How it was left.
    pub how: WentBack,
}

/// How a release was left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WentBack {
    /// A person rolled it back after its promotion.
    ByHand {
        /// Who.
        by: String,
    },
    /// It went back before its promotion.
    BeforePromotion {
        /// Why.
        why: ReturnReason,
    },
}
