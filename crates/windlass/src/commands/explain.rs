//! `windlass explain`: what an error code means. Asks no controller.

use clap::Args;
use serde::Serialize;
use windlass_api::Exit;

use crate::arguments::named;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::pages::{self, CodePage};
use crate::report::Report;
use crate::ui::words::{did_you_mean, listed};
use crate::ui::{self};

/// Options of `explain`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The code, as in WL0402; all of them are listed without it
    #[arg(value_name = "CODE", value_parser = named)]
    code: Option<String>,
}

/// A code in the list.
#[derive(Debug, Serialize)]
struct Listed {
    code: &'static str,
    title: &'static str,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    match &options.code {
        Some(typed) => one(context, typed),
        None => all(),
    }
}

fn all() -> Result<Report, Diagnostic> {
    let listed: Vec<Listed> = pages::codes()
        .map(|page| Listed {
            code: page.code,
            title: page.title(),
        })
        .collect();
    let lines: Vec<String> = listed
        .iter()
        .map(|Listed { code, title }| format!("{code}  {title}\n"))
        .collect();
    Report::new(lines.concat(), &listed)
}

pub(super) fn one(context: &Context, typed: &str) -> Result<Report, Diagnostic> {
    let Some(page) = pages::known(typed) else {
        return Err(unknown(typed));
    };
    let CodePage { code, text } = page;
    let shown = ui::markdown::page(text, &context.ui.style(), pages::reference);
    let title = page.title();
    let page = Report::new(
        shown,
        &serde_json::json!({ "code": code, "title": title, "page": text }),
    )?;
    Ok(page.page())
}

fn unknown(typed: &str) -> Diagnostic {
    let said =
        Diagnostic::new(Exit::Usage, format!("there is no code {typed}")).code(pages::NO_PAGE);
    match pages::nearest(typed).as_slice() {
        [] => {
            let typed = typed.to_ascii_uppercase();
            let meant = did_you_mean(&typed, pages::codes().map(|page| page.code));
            let all = "all of them: windlass explain";
            said.hint(meant.map_or(all.to_owned(), |meant| format!("{meant} {all}")))
        }
        near => said.hint(format!(
            "near it are {}; all of them: windlass explain",
            listed(near)
        )),
    }
}
