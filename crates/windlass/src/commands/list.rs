//! `windlass list`: deployments, newest first.

use clap::Args;

use super::which::SEARCHED;
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
    let wanted = context.global.environment.as_deref();
    // The newest of all may be of other environments.
    let asked = if wanted.is_some() {
        SEARCHED
    } else {
        options.limit
    };
    let mut deployments = match context.client_to_look().await? {
        Some(client) => client.deployments(asked).await?,
        None => Vec::new(),
    };
    deployments.retain(|view| wanted.is_none_or(|wanted| view.environment.as_str() == wanted));
    deployments.truncate(usize::try_from(options.limit).unwrap_or(usize::MAX));
    let text = list_text(&deployments, context.ui.columns(), &context.ui.style());
    Report::new(text, &deployments)
}
