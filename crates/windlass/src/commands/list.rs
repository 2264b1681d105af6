//! `windlass list`: deployments, newest first.

use clap::Args;
use serde_json::Value;

use super::place;
use super::which::SEARCHED;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::follow::{Summary, standing};
use crate::report::Report;
use crate::ui::PROBLEM;
use crate::ui::list::list_text;

/// Options of `list`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many at most, up to 1,000
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = limit)]
    limit: u32,
}

/// Most deployments that are listed at once.
const LIMIT_MAX: u32 = 1000;

fn limit(text: &str) -> Result<u32, String> {
    let limit = text.parse().ok();
    let limit = limit.filter(|limit| (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| format!("write a whole number from 1 to {LIMIT_MAX}"))
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let wanted = context.global.environment.as_deref();
    // The newest of all may be of other environments.
    let asked = if wanted.is_some() {
        SEARCHED
    } else {
        options.limit
    };
    let client = context.client_to_look().await?;
    let mut deployments = match &client {
        Some(client) => client.deployments(asked).await?,
        None => Vec::new(),
    };
    deployments.retain(|view| wanted.is_none_or(|wanted| view.environment.as_str() == wanted));
    if wanted.is_some() && deployments.is_empty() {
        let there = match &client {
            Some(client) => client.status().await?,
            None => Vec::new(),
        };
        place::must_be_known_to_look(context, &there)?;
    }
    deployments.truncate(usize::try_from(options.limit).unwrap_or(usize::MAX));
    let text = list_text(&deployments, context.ui.columns(), &context.ui.style());
    let summaries: Vec<Summary<'_>> = deployments
        .iter()
        .map(|view| Summary::of(view, None))
        .collect();
    let mut listed = Report::new(text, &summaries)?;
    let items = listed.json.iter_mut().filter_map(Value::as_array_mut);
    for (item, view) in items.flatten().zip(&deployments) {
        let failure = standing(view, None);
        item[PROBLEM] = failure.map_or(Value::Null, |failure| context.ui.problem(&failure));
    }
    Ok(listed)
}
