//! `windlass router`: the data plane. The controller starts it.

use clap::Args;
use windlass_api::Exit;

use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;

/// Options of `router`.
#[derive(Debug, Args)]
pub(crate) struct Options {}

pub(crate) fn run(context: &Context, _options: &Options) -> Result<Report, Diagnostic> {
    crate::wire::router(&context.paths()?)?;
    Ok(Report::silent(Exit::Done))
}
