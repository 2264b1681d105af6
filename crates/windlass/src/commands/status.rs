//! `windlass status`: what runs where.

use windlass_api::EnvironmentView;

use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::status::{Whole, status_text};
use crate::ui::time::now_us;

pub(crate) async fn run(context: &Context) -> Result<Report, Diagnostic> {
    let mut whole = Whole {
        halted: crate::wire::halted(&context.paths()?),
        lost: None,
        only: context.global.environment.clone(),
    };
    let mut environments: Vec<EnvironmentView> = match context.client_to_look().await? {
        Some(client) => {
            whole.lost = client.controller().lost_history;
            client.status().await?
        }
        None => Vec::new(),
    };
    if let Some(wanted) = &context.global.environment {
        environments.retain(|view| view.environment.as_str() == wanted);
    }
    let text = status_text(&environments, &whole, now_us(), &context.ui.style());
    Report::new(text, &environments)
}
