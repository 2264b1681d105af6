//! `windlass finalize`: drops what a deployment has left.

use clap::Args;

use super::which::{client, resolve};
use crate::arguments::Which;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;

/// Options of `finalize`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The deployment that left it, or the beginning of its id
    #[arg(value_name = "ID")]
    id: String,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let client = client(context).await?;
    let which = Which {
        id: Some(options.id.clone()),
    };
    let id = resolve(context, &client, &which).await?;
    let view = client.finalize(&id, &Context::who()).await?;
    let text =
        format!("{id} is final: nothing that it left runs any more; a rollback starts it again\n");
    Report::new(text, &view)
}
