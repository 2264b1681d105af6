//! Saying something to a running deployment.

use windlass_api::{Command, DeploymentView};
use windlass_client::Client;

use super::which::{client, resolve};
use crate::arguments::{Because, Which};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::follow::Summary;
use crate::person::person;
use crate::report::Report;
use crate::ui::by_hand;

/// Says `command` to the deployment; returns once it is journalled.
pub(super) async fn tell(
    context: &Context,
    (which, because): (&Which, &Because),
    command: Command,
) -> Result<(Client, DeploymentView), Diagnostic> {
    let client = client(context).await?;
    let id = resolve(context, &client, which).await?;
    let view = client
        .command(&id, command, &person(), because.message.as_deref())
        .await?;
    Ok((client, view))
}

/// The same, with what became of it as one line.
pub(super) async fn tell_and_end(
    context: &Context,
    said: (&Which, &Because),
    command: Command,
    became: impl FnOnce(&DeploymentView) -> String,
) -> Result<Report, Diagnostic> {
    let (_client, view) = tell(context, said, command).await?;
    let became = format!("{} {}", view.id, became(&view));
    report(context, &view, (became, Vec::new()))
}

/// What became of it, what people let it go past, and what is next.
pub(super) fn report(
    context: &Context,
    view: &DeploymentView,
    (became, next): (String, Vec<String>),
) -> Result<Report, Diagnostic> {
    let mut lines = vec![became];
    lines.extend(by_hand::told(view, &context.ui.style().zone));
    lines.extend(next);
    lines.push(String::new());
    Summary::of(view, None).report(lines.join("\n"))
}
