//! `windlass promote`: skips the remaining bakes and steps of every rollout.

use clap::Args;
use windlass_api::{Command, DeploymentView};

use super::tell::tell_and_end;
use crate::arguments::{Because, Which};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;

/// Options of `promote`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(super) which: Which,

    #[command(flatten)]
    because: Because,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let became = |_: &DeploymentView| "skips its remaining bakes and steps".to_owned();
    tell_and_end(
        context,
        (&options.which, &options.because),
        Command::Promote,
        became,
    )
    .await
}
