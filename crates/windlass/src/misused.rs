//! What can't be understood of a command line, for whoever typed it.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use windlass_api::Exit;

use crate::pages;

/// Prints it. Help and version are answers; anything else is a usage error.
pub(crate) fn told(refused: clap::Error, typed: impl Iterator<Item = OsString>) -> ExitCode {
    if matches!(
        refused.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        // A closed stdout leaves nobody to tell.
        return match refused.print() {
            Ok(()) | Err(_) => ExitCode::from(Exit::Done.code()),
        };
    }
    let refused = worded(refused, &meant(typed));
    // A closed stderr leaves the exit code as the only message.
    match refused.print() {
        Ok(()) | Err(_) => ExitCode::from(Exit::Usage.code()),
    }
}

/// The command that was typed, as far as its verbs are known.
fn meant(typed: impl Iterator<Item = OsString>) -> Command {
    let mut command = pages::command();
    command.build();
    for word in typed.skip(1) {
        let next = command.find_subcommand(&word).cloned();
        command = next.unwrap_or(command);
    }
    command
}

/// Names the verbs of the command that was typed, and shows what it takes: variables of the
/// environment are no part of that.
fn worded(mut refused: clap::Error, command: &Command) -> clap::Error {
    if refused.get(ContextKind::ValidSubcommand).is_some() {
        // Verbs that only Windlass types are nobody's choice.
        let shown = command.get_subcommands().filter(|verb| !verb.is_hide_set());
        let names = shown.map(|verb| verb.get_name().to_owned()).collect();
        refused.insert(ContextKind::ValidSubcommand, ContextValue::Strings(names));
    }
    if refused.get(ContextKind::Usage).is_some() {
        let usage = command.clone().render_usage();
        refused.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    }
    refused
}
