//! `windlass docs`: prints the project's own pages. Asks no controller.

use std::cmp::Reverse;

use clap::Args;
use serde::Serialize;
use windlass_api::Exit;

use crate::arguments::named;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::pages::{self, TOPICS, Topic};
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

/// The page that was meant, or those that tell of it most.
fn instead(name: &str) -> String {
    let word = name.to_lowercase();
    if let Some(topic) = TOPICS.iter().find(|topic| topic.name.contains(&word)) {
        return format!("did you mean {}? ", topic.name);
    }
    if let Some(meant) = did_you_mean(&word, TOPICS.iter().map(|topic| topic.name)) {
        return format!("{meant} ");
    }
    let told = |topic: &Topic| topic.text().to_lowercase().matches(&word).count();
    let mut telling: Vec<(usize, &str)> = TOPICS
        .iter()
        .map(|topic| (told(topic), topic.name))
        .filter(|(told, _)| *told > 0)
        .collect();
    telling.sort_by_key(|(told, _)| Reverse(*told));
    let most: Vec<&str> = telling.iter().map(|(_, name)| *name).take(3).collect();
    match most.first() {
        Some(first) => format!(
            "it is told of in {}: windlass docs {first}; ",
            listed(&most)
        ),
        None => String::new(),
    }
}

pub(super) fn one(context: &Context, name: &str) -> Result<Report, Diagnostic> {
    let Some(topic) = pages::topic(name) else {
        return Err(
            Diagnostic::new(Exit::Usage, format!("there is no page {name}"))
                .code(pages::NO_PAGE)
                .hint(format!("{}all of them: windlass docs", instead(name))),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_none_leads_to_those_that_tell_of_it() {
        assert_eq!(instead("Systemd"), "did you mean run-under-systemd? ");
        assert_eq!(instead("rollback"), "did you mean roll-back? ");
        let stuck = instead("stuck");
        assert!(stuck.contains("wrap-a-script"), "{stuck}");
        assert_eq!(instead("xyzzy"), "");
    }
}
