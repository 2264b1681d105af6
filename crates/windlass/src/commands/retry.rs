//! `windlass retry`: the stored plan of an ended deployment, once more from the first step.

use clap::Args;
use windlass_api::{DeployRequest, Source};

use super::candidate::to_retry;
use super::deploy::{Manner, carry_out};
use super::halt::must_not_be_halted;
use super::which::client;
use crate::arguments::{Because, named};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::person::person;
use crate::report::Report;

/// Options of `retry`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The deployment, or the beginning of its id; by default the last one, if it failed or was stopped
    #[arg(value_name = "ID", value_parser = named)]
    pub(super) id: Option<String>,

    /// Return once it began
    #[arg(long)]
    detach: bool,

    #[command(flatten)]
    because: Because,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    must_not_be_halted(context)?;
    let client = client(context).await?;
    let id = to_retry(context, &client, options.id.as_deref()).await?;
    let request = DeployRequest {
        source: Source::Retry(id),
        by: person(),
        may_move: false,
        keep_failed: false,
        wait_ms: None,
        supersede: false,
        why: options.because.message.clone(),
    };
    let manner = Manner {
        detach: options.detach,
        plan_seen: false,
        warned: false,
    };
    carry_out(context, &client, &request, manner).await
}
