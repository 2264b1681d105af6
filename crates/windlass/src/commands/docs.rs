//! `windlass docs`: prints the project's own pages. Asks no controller.

use clap::Args;
use serde::Serialize;
use windlass_api::Exit;

use crate::arguments::named;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::pages::{self, TOPICS};
use crate::report::Report;
use crate::ui::words::{did_you_mean, listed};
use crate::ui::{self};

/// Options of `docs`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The page; all of them are listed without it
    #[arg(value_name = "TOPIC", value_parser = named)]
    topic: Option<String>,
}

/// A page in the list.
#[derive(Debug, Serialize)]
struct Listed {
    topic: &'static str,
    about: &'static str,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    match &options.topic {
        Some(name) => one(context, name),
        None => all(),
    }
}

fn all() -> Result<Report, Diagnostic> {
    let width = TOPICS.iter().map(|topic| topic.name.len()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for topic in TOPICS {
        let (name, about) = (topic.name, topic.about);
        text.push_str(&[&format!("{name:width$}  "), about, "\n"].concat());
    }
    let listed: Vec<Listed> = TOPICS
        .iter()
        .map(|topic| Listed {
            topic: topic.name,
            about: topic.about,
        })
        .collect();
    Report::new(text, &listed)
}

pub(super) fn one(context: &Context, name: &str) -> Result<Report, Diagnostic> {
    let Some(topic) = pages::topic(name) else {
        let names: Vec<&str> = TOPICS.iter().map(|topic| topic.name).collect();
        let meant = did_you_mean(&name.to_ascii_lowercase(), names.iter().copied());
        let all = format!("there are {}: windlass docs TOPIC", listed(&names));
        return Err(
            Diagnostic::new(Exit::Usage, format!("there is no page {name}"))
                .code(pages::NO_PAGE)
                .hint(meant.map_or(all, |meant| format!("{meant} all of them: windlass docs"))),
        );
    };
    let text = topic.text();
    let shown = ui::markdown::page(&text, &context.ui.style(), pages::reference);
    let page = Report::new(
        shown,
        &serde_json::json!({ "topic": topic.name, "about": topic.about, "page": text }),
    )?;
    Ok(page.page())
}
