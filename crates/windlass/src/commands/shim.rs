//! `windlass shim`: keeps one instance. The controller starts it.

use std::path::PathBuf;

use clap::Args;
use windlass_api::Exit;

use crate::diagnostic::{Diagnostic, chain};
use crate::report::Report;

/// Options of `shim`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The instance's folder, with its spec.json
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<Report, Diagnostic> {
    windlass_shim::run(&options.folder).map_err(|why| Diagnostic::new(Exit::Stuck, chain(&why)))?;
    Ok(Report::silent(Exit::Done))
}
