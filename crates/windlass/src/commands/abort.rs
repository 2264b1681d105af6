//! `windlass abort`: stops a deployment, and follows until everything is back.

use clap::Args;
use windlass_api::Command;

use super::tell::tell;
use crate::arguments::Which;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::follow::{Purpose, begun, follow};
use crate::report::Report;

/// Options of `abort`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    which: Which,

    /// Return once the abort is journalled
    #[arg(long)]
    detach: bool,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let (client, view) = tell(context, &options.which, Command::Abort).await?;
    if options.detach {
        return begun(format!("{} goes back\n", view.id), &view);
    }
    let after = view.sequence;
    follow(context, &client, view, Purpose::Abort { after }).await
}
