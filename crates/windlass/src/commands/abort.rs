//! `windlass abort`: stops a deployment, and follows until everything is back.

use clap::Args;
use jiff::tz::TimeZone;
use windlass_api::{Command, DeploymentView};
use windlass_client::Client;

use super::tell::tell;
use super::which::{client, resolve};
use crate::arguments::{Because, Which};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::follow::{Purpose, begun, follow};
use crate::report::Report;
use crate::ui::time::of_calendar;

/// Options of `abort`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(super) which: Which,

    #[command(flatten)]
    because: Because,

    /// Return once the abort is journalled
    #[arg(long)]
    detach: bool,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let client = client(context).await?;
    let id = resolve(context, &client, &options.which).await?;
    if let Some(already) = already(&client.show(&id).await?, &context.ui.style().zone) {
        context.ui.say(&already);
    }
    let (client, view) = tell(context, (&options.which, &options.because), Command::Abort).await?;
    end(context, &client, view, options.detach).await
}

/// What the word adds nothing to: it goes back without it.
fn already(view: &DeploymentView, zone: &TimeZone) -> Option<String> {
    let since = of_calendar(view.returning_since_us?, zone);
    Some(format!("{} goes back already, since {since}", view.id))
}

/// What is left to do once the abort is journalled.
pub(super) async fn end(
    context: &Context,
    client: &Client,
    view: DeploymentView,
    detach: bool,
) -> Result<Report, Diagnostic> {
    if detach {
        return begun(format!("{} goes back\n", view.id), &view);
    }
    let after = view.sequence;
    follow(context, client, view, Purpose::Abort { after }).await
}
