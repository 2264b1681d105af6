//! `windlass completions`: what a shell needs to complete the command line. Asks no controller.

use clap::builder::PossibleValuesParser;
use clap::{Args, Command, ValueEnum};
use clap_complete::{Shell, generate};

use crate::diagnostic::Diagnostic;
use crate::pages::{self, TOPICS};
use crate::report::Report;

/// Options of `completions`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The shell: bash, zsh or fish
    #[arg(value_enum, value_name = "SHELL", hide_possible_values = true)]
    shell: Kind,
}

/// The shells that are tried.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Bash,
    Zsh,
    Fish,
}

pub(crate) fn run(options: &Options) -> Result<Report, Diagnostic> {
    let shell = match options.shell {
        Kind::Bash => Shell::Bash,
        Kind::Zsh => Shell::Zsh,
        Kind::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    generate(shell, &mut for_people(), "windlass", &mut script);
    let script = String::from_utf8(script).map_err(|why| Diagnostic::bug(&why))?;
    let value = serde_json::json!({ "shell": shell.to_string(), "script": script });
    Report::new(script, &value)
}

/// The command line without the verbs that only Windlass types, which clap would complete too, and with
/// the words that `docs` and `help` take.
fn for_people() -> Command {
    let whole = pages::command();
    let verbs = whole.get_subcommands().filter(|verb| !verb.is_hide_set());
    let topics = || TOPICS.iter().map(|topic| topic.name);
    Command::new("windlass")
        .disable_help_subcommand(true)
        .version(super::version::VERSION)
        .args(whole.get_arguments().cloned())
        .subcommands(verbs.cloned())
        .mut_subcommand("docs", |docs| {
            docs.mut_arg("topic", |topic| {
                topic.value_parser(PossibleValuesParser::new(topics()))
            })
        })
        .mut_subcommand("help", |help| {
            help.mut_arg("words", |words| {
                words.value_parser(PossibleValuesParser::new(pages::verbs()))
            })
        })
}
