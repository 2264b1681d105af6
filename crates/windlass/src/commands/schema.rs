//! `windlass schema`: prints the JSON Schema of a file. Asks no controller.

use clap::{Args, ValueEnum};

use crate::diagnostic::Diagnostic;
use crate::report::Report;

/// Options of `schema`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// `router`: of the file that windlass router --config takes; without it, of windlass.yaml
    #[arg(value_enum, value_name = "FILE", hide_possible_values = true)]
    of: Option<Of>,
}

/// The other file than `windlass.yaml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Of {
    Router,
}

pub(crate) fn run(options: &Options) -> Result<Report, Diagnostic> {
    let schema = match options.of {
        Some(Of::Router) => windlass_config::schema_alone(),
        None => windlass_config::schema(),
    };
    let mut text = serde_json::to_string_pretty(&schema).map_err(|why| Diagnostic::bug(&why))?;
    text.push('\n');
    // It has a `type` of its own, which means something else.
    Ok(Report::new(text, &schema)?.untyped())
}
