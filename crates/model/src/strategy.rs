//! How a new release takes over.

use serde::{Deserialize, Serialize};

use crate::Step;

/// How a new release takes over from the old one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Start beside the old, switch everything at once, bake.
    #[default]
    BlueGreen,
    /// Stop the old, start the new; requests meanwhile get 503.
    Recreate,
    /// A canary whose steps are instances k of n.
    Rolling,
    /// The given shares, one after the other; the last is 100 %.
    Canary(Vec<Step>),
}
