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
}
