//! `windlass schema`: prints the JSON Schema of the file. Asks no controller.

use crate::diagnostic::Diagnostic;
use crate::report::Report;

pub(crate) fn run() -> Result<Report, Diagnostic> {
    let schema = windlass_config::schema();
    let mut text = serde_json::to_string_pretty(&schema).map_err(|why| Diagnostic::bug(&why))?;
    text.push('\n');
    Report::new(text, &schema)
}
