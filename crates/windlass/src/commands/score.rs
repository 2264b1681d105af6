//! `windlass score`: what the health score comes to now, and what each lost point takes.

use clap::Args;
use windlass_api::{Exit, ScoreView, points};

use super::file::Found;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::score::{Told, range, score_text};

/// Options of `score`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Show every check: what was seen, where, how old it is, what it counts as
    #[arg(long)]
    explain: bool,

    /// Show what was measured before, too
    #[arg(long)]
    history: bool,

    /// End with 5 unless the score is known and at least so high
    #[arg(long, value_name = "SCORE", value_parser = clap::value_parser!(u8).range(0..=100))]
    at_least: Option<u8>,
}

/// The score is lower than what was asked for, or not known.
const BELOW: &str = "WL0417";

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let file = Found::find(context)?.request(context, &[])?;
    // It measures before a first deployment too: what is asked is in the file.
    let view = context.client().await?.score(&file).await?;
    let told = Told {
        explained: options.explain,
        history: options.history,
    };
    let text = score_text(&view, told, &context.ui.style());
    let mut report = Report::new(text, &view)?.sentences();
    if let Some(wanted) = options.at_least
        && let Some(why) = below(&view, wanted)
    {
        report.exit = Exit::Refused;
        report.failure = Some(
            Diagnostic::new(Exit::Refused, why)
                .code(BELOW)
                .hint("see what each point takes: windlass score --explain"),
        );
    }
    Ok(report)
}

/// What is wrong with a score that should be at least so high.
fn below(view: &ScoreView, wanted: u8) -> Option<String> {
    match view.score.known() {
        Some(known) if f64::from(known) >= f64::from(wanted) => None,
        Some(known) => Some(format!("the score is {}, below {wanted}", points(known))),
        None => Some(format!(
            "the score is not known: it lies {}",
            range(&view.score)
        )),
    }
}
