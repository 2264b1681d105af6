//! `windlass resume`: the end of a person's wait.

use clap::Args;
use windlass_api::{Command, DeploymentView};

use super::tell::tell_and_end;
use crate::arguments::{Because, Which};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;

/// Options of `resume`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(super) which: Which,

    #[command(flatten)]
    because: Because,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    tell_and_end(
        context,
        (&options.which, &options.because),
        Command::Resume,
        |_: &DeploymentView| "goes on".to_owned(),
    )
    .await
}
