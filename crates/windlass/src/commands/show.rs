//! `windlass show`: one deployment.

use clap::Args;
use serde_json::Value;
use windlass_api::DeploymentView;
use windlass_client::Client;
use windlass_model::Happened;

use super::file::Found;
use super::which::{client, resolve_to_look};
use crate::arguments::Look;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::follow::{Summary, environment_of, standing};
use crate::report::Report;
use crate::ui::instances::kept_text;
use crate::ui::show::{Shown, show_text};
use crate::ui::time::{now_us, of_calendar};
use crate::ui::why::why_text;
use crate::ui::words::signed;
use crate::ui::{PROBLEM, Style};

/// Options of `show`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(super) which: Look,

    /// What was decided, and what it rests on
    #[arg(long)]
    why: bool,
}

/// What happened outside of deployments among which its finalization is looked for.
const SEARCHED: u32 = 100;

/// Who dropped what it had left: its own journal had ended then. An older controller does not tell.
async fn finalized(client: &Client, view: &DeploymentView, style: &Style) -> Option<String> {
    view.ended_us?;
    let told = client.happenings(SEARCHED).await.ok()?.known;
    told.iter().find_map(|happening| match &happening.what {
        Happened::Finalized {
            deployment,
            by,
            why,
            ..
        } if *deployment == view.id => {
            let since = of_calendar(happening.at_us, &style.zone);
            Some(format!("since {since} by {}", signed(by, why.as_deref())))
        }
        _ => None,
    })
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let client = client(context).await?;
    let id = resolve_to_look(context, &client, &options.which).await?;
    let view = client.show(&id).await?;
    context.ui.about(&view.environment);
    let style = context.ui.style();
    let runs = environment_of(&client, &view).await;
    // Of a file that can't be read nobody knows the application, and looking does no harm.
    let own = Found::app_here(context).ok().flatten();
    let text = if options.why {
        why_text(&view, context.ui.columns(), &style.zone)
    } else {
        let shown = Shown {
            now_us: now_us(),
            fits: context.ui.columns(),
            style: &style,
            own: own.as_deref(),
            finalized: finalized(&client, &view, &style).await,
        };
        let mut text = show_text(&view, runs.as_ref(), &shown);
        if context.global.verbose {
            text.push_str(&kept_text(&view));
        }
        text
    };
    let mut shown = Summary::of(&view, runs.as_ref()).report(text)?.sentences();
    if let Some(value) = &mut shown.json {
        let failure = standing(&view, runs.as_ref());
        value[PROBLEM] = failure.map_or(Value::Null, |failure| context.ui.problem(&failure));
    }
    Ok(shown)
}
