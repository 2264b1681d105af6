//! When a standby goes.

use serde::{Deserialize, Serialize};

use crate::Millis;

/// When the old slot that a promotion has left standing by is dropped. A new deployment retires the
/// standby it displaces in any case: a service has two labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Finalize {
    /// With the next deployment of the service.
    #[default]
    NextDeployment,
    /// So long after the deployment has ended, by the calendar.
    After(Millis),
    /// When a person says so.
    Manual,
}
