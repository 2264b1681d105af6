//! A person's word that nothing may be raised.

use serde::{Deserialize, Serialize};

/// Nobody's candidate gets more traffic until this is lifted; aborts and returns go on. Lies as
/// `STATE/halted`; a file that can't be read counts as a halt by somebody unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Halt {
    /// Who.
    pub by: String,
    /// Since when, microseconds since 1970 UTC.
    pub since_us: i64,
    /// Why, in their own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Most ends of halts that are kept for a controller to see: it sees them whenever somebody asks it.
pub const LIFTS_MOST: usize = 16;

/// A halt that has ended. The newest [`LIFTS_MOST`] lie as `STATE/lifted`, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lift {
    /// Who ended it.
    pub by: String,
    /// When, microseconds since 1970 UTC.
    pub at_us: i64,
    /// Why, in their own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What they ended.
    pub was: Halt,
}
