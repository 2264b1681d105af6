//! `windlass help`: what `--help` prints, and the page of a topic or code. Asks no controller.

use clap::Args;
use windlass_api::Exit;

use super::{docs, explain};
use crate::arguments::Command;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, TYPED};
use crate::misused::instead;
use crate::pages::{self, TOPICS};
use crate::report::Report;
use crate::ui::words::{harmless, meant};

/// Options of `help`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The command, like deploy or token create, or a page of windlass docs; without it, every command
    #[arg(value_name = "COMMAND")]
    words: Vec<String>,
}

/// Answers the question for a command's help: as clap itself answers `--help`, so that both are printed
/// alike. Any other command passes.
///
/// # Errors
/// The help, as clap returns it.
pub(crate) fn settle(command: &Command) -> Result<(), clap::Error> {
    let Command::Help(Options { words }) = command else {
        return Ok(());
    };
    if first_unknown(words).is_some() {
        return Ok(());
    }
    let words = words.iter().map(String::as_str);
    let typed = ["windlass"].into_iter().chain(words).chain(["--help"]);
    pages::command().try_get_matches_from(typed).map(drop)
}

/// What no command is called: a page, a code, or a typo.
pub(crate) fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    if let [word] = options.words.as_slice() {
        if pages::topic(word).is_some() {
            return docs::one(context, word);
        }
        if pages::known(word).is_some() {
            return explain::one(context, word);
        }
    }
    let unknown = first_unknown(&options.words);
    let (command, word) = unknown.expect("what is a command was answered before any command ran");
    Err(no_command(&command, word))
}

/// The first word that is no verb of the command that those before it name, with that command.
fn first_unknown(words: &[String]) -> Option<(clap::Command, &str)> {
    let mut command = pages::command();
    command.build();
    for word in words {
        match command.find_subcommand(word) {
            Some(below) => command = below.clone(),
            None => return Some((command, word)),
        }
    }
    None
}

fn no_command(command: &clap::Command, word: &str) -> Diagnostic {
    let name = command.get_bin_name().unwrap_or("windlass");
    let verb = instead(word, command);
    let (meant, all) = match name.strip_prefix("windlass ") {
        Some(below) => (
            verb.map(|verb| format!("help {below} {verb}")),
            format!("all that there is: {name} --help"),
        ),
        None => (
            verb.map(|verb| format!("help {verb}"))
                .or_else(|| Some(format!("docs {}", near_page(word)?))),
            "every command: windlass --help; every page: windlass docs".to_owned(),
        ),
    };
    let what = format!("there is no command {name} {}", harmless(word));
    Diagnostic::new(Exit::Usage, what)
        .code(TYPED)
        .hint(match meant {
            Some(meant) => format!("did you mean windlass {meant}? {all}"),
            None => all,
        })
}

fn near_page(word: &str) -> Option<&'static str> {
    meant(word, TOPICS.iter().map(|topic| topic.name))
}
