//! `windlass completions`: what a shell needs to complete the command line. Asks no controller.

use clap::{Args, Command, ValueEnum};
use clap_complete::{Shell, generate};

use crate::diagnostic::Diagnostic;
use crate::pages;
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

/// The command line without the verbs that only Windlass types: clap would complete them too.
fn for_people() -> Command {
    let whole = pages::command();
    let verbs = whole.get_subcommands().filter(|verb| !verb.is_hide_set());
    Command::new("windlass")
        .disable_help_subcommand(true)
        .version(super::version::VERSION)
        .args(whole.get_arguments().cloned())
        .subcommands(verbs.cloned())
}
