//! `windlass events`: what happened in a deployment, one line per fact, or outside of any.

use clap::Args;

use super::outside;
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
    pub(super) which: Look,

    /// Go on until the deployment ends; with --outside until Ctrl-C
    #[arg(long)]
    follow: bool,

    /// What happened outside of deployments: what died and was started again, router and controller too
    #[arg(long, conflicts_with = "id")]
    outside: bool,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    if options.outside {
        return outside::run(context, options.follow).await;
    }
    let client = client(context).await?;
    let id = resolve_to_look(context, &client, &options.which).await?;
    let view = client.show(&id).await?;
    if options.follow {
        follow(context, &client, view, Purpose::Watch).await
    } else {
        let told = past(context, &client, &view).await?;
        if options.which.id.is_none() {
            outside::since(context, &client, &view).await;
        }
        Ok(told)
    }
}
