//! `windlass events`: what happened in a deployment, one line per fact.

use clap::Args;

use super::which::{client, resolve_to_look};
use crate::arguments::Look;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::follow::{Purpose, follow, past};
use crate::report::Report;

/// Options of `events`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    which: Look,

    /// Go on until the deployment ends
    #[arg(long)]
    follow: bool,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let client = client(context).await?;
    let id = resolve_to_look(context, &client, &options.which).await?;
    let view = client.show(&id).await?;
    if options.follow {
        follow(context, &client, view, Purpose::Watch).await
    } else {
        past(context, &client, &view).await
    }
}
