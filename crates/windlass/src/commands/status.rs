//! `windlass status`: what runs where.

use windlass_api::EnvironmentView;

use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::status::status_text;

pub(crate) async fn run(context: &Context) -> Result<Report, Diagnostic> {
    let mut environments: Vec<EnvironmentView> = match context.client_to_look().await? {
        Some(client) => client.status().await?,
        None => Vec::new(),
    };
    if let Some(wanted) = &context.global.environment {
        environments.retain(|view| view.environment.as_str() == wanted);
    }
    Report::new(
        status_text(&environments, &context.ui.style()),
        &environments,
    )
}
