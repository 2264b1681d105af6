//! `windlass finalize`: drops what a deployment has left.

use clap::Args;

use super::candidate::to_finalize;
use super::which::client;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;

/// Options of `finalize`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The deployment that left it, or the beginning of its id; by default the only one that has left
    /// anything
    #[arg(value_name = "ID")]
    id: Option<String>,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let client = client(context).await?;
    let id = to_finalize(context, &client, options.id.as_deref()).await?;
    let view = client.finalize(&id, &Context::who()).await?;
    let text =
        format!("{id} is final: nothing that it left runs any more; a rollback starts it again\n");
    Report::new(text, &view)
}
