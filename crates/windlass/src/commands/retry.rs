//! `windlass retry`: the stored plan of an ended deployment, once more from the first step.

use clap::Args;
use windlass_api::{DeployRequest, Source};

use super::deploy::{Manner, carry_out};
use super::halt::must_not_be_halted;
use super::which::resolve;
use crate::arguments::Which;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;

/// Options of `retry`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The deployment, or the beginning of its id
    #[arg(value_name = "ID")]
    id: String,

    /// Return once it began
    #[arg(long)]
    detach: bool,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    must_not_be_halted(context)?;
    let client = context.client().await?;
    let which = Which {
        id: Some(options.id.clone()),
    };
    let id = resolve(context, &client, &which).await?;
    let request = DeployRequest {
        source: Source::Retry(id),
        by: Context::who(),
        may_move: false,
        keep_failed: false,
        wait_ms: None,
        supersede: false,
    };
    let manner = Manner {
        detach: options.detach,
        plan_seen: false,
    };
    carry_out(context, &client, &request, manner).await
}
