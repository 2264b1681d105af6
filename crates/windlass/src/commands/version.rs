//! `windlass version`. Asks no controller.

use windlass_api::API_VERSION;

use crate::diagnostic::Diagnostic;
use crate::report::Report;

/// Version of this binary.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) fn run() -> Result<Report, Diagnostic> {
    Report::new(
        format!("windlass {VERSION}\n"),
        &serde_json::json!({ "version": VERSION, "api": API_VERSION }),
    )
}
