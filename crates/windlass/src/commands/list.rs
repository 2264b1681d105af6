//! `windlass list`: deployments, newest first.

use clap::Args;

use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::list::list_text;

/// Options of `list`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many at most
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let mut deployments = match context.client_to_look().await? {
        Some(client) => client.deployments(options.limit).await?,
        None => Vec::new(),
    };
    if let Some(wanted) = &context.global.environment {
        deployments.retain(|view| view.environment.as_str() == wanted);
    }
    Report::new(list_text(&deployments, &context.ui.style()), &deployments)
}
