//! `windlass finalize`: drops what a deployment has left.

use clap::Args;

use super::candidate::to_finalize;
use super::file::Found;
use super::which::client;
use crate::arguments::{Because, named};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::follow::{Summary, environment_of};
use crate::person::person;
use crate::report::Report;
use crate::ui::taken_down;

/// Options of `finalize`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The deployment that left it, or the beginning of its id; by default the only one that has left
    /// anything
    #[arg(value_name = "ID", value_parser = named)]
    pub(super) id: Option<String>,

    #[command(flatten)]
    because: Because,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let client = client(context).await?;
    let id = to_finalize(context, &client, options.id.as_deref()).await?;
    let why = options.because.message.as_deref();
    let view = client.finalize(&id, &person(), why).await?;
    let runs = environment_of(&client, &view).await;
    // Of a file that can't be read nobody knows the application, and it is dropped all the same.
    let own = Found::app_here(context).ok().flatten();
    let zone = context.ui.style().zone;
    let rest = taken_down::after_final(&view, runs.as_ref(), (own.as_deref(), &zone));
    let text = format!("{id} is final: nothing that it left runs any more; {rest}\n");
    Summary::of(&view, runs.as_ref()).report(text)
}
