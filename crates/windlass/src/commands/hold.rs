//! `windlass hold`: a person's wait. Work time stands still until `resume`.

use clap::Args;
use windlass_api::{Command, DeploymentView};

use super::tell::tell_and_end;
use crate::arguments::{Because, Which};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;

/// Options of `hold`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(super) which: Which,

    #[command(flatten)]
    because: Because,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    // Whoever named it need not have said in which environment it is.
    let became = |view: &DeploymentView| format!("waits until: windlass resume {}", view.id);
    tell_and_end(
        context,
        (&options.which, &options.because),
        Command::Hold,
        became,
    )
    .await
}
