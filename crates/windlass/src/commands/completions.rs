//! `windlass completions`: what a shell needs to complete the command line. Asks no controller.

use clap::{Args, ValueEnum};
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
    generate(shell, &mut pages::command(), "windlass", &mut script);
    let script = String::from_utf8(script).map_err(|why| Diagnostic::bug(&why))?;
    let value = serde_json::json!({ "shell": shell.to_string(), "script": script });
    Report::new(script, &value)
}
