//! What was probably meant by words that can't be understood.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::pages;
use crate::ui::words::{listed, meant};

/// What other tools call it, and the verb here.
const ELSEWHERE: [(&str, &str); 22] = [
    ("apply", "deploy"),
    ("cancel", "abort"),
    ("continue", "resume"),
    ("delete", "remove"),
    ("destroy", "down"),
    ("diff", "plan"),
    ("history", "list"),
    ("lint", "validate"),
    ("ls", "list"),
    ("pause", "hold"),
    ("ps", "status"),
    ("release", "deploy"),
    ("restart", "deploy"),
    ("revert", "rollback"),
    ("rm", "remove"),
    ("run", "deploy"),
    ("start", "deploy"),
    ("stop", "hold"),
    ("teardown", "down"),
    ("undeploy", "down"),
    ("undo", "rollback"),
    ("up", "deploy"),
];

/// Words that may mean several things, of which one ends or overwrites much: the harmless come first, and
/// each with what it does.
const SEVERAL: [(&str, &str); 2] = [
    (
        "restart",
        "did you mean windlass deploy? It starts what is down, and a changed file or program beside the old one; \
         an instance that ended is started again by itself;",
    ),
    (
        "stop",
        "did you mean windlass hold, which lets a deployment wait, or windlass abort, which takes it back? To end all \
         services of this application: windlass down;",
    ),
];

/// What other tools call an option, and what it is here.
const OPTIONS: [(&str, &str); 1] = [("version", "to")];

/// Forms of output that other tools have options for.
const FORMS: [&str; 2] = ["json", "ndjson"];

/// Options by which other tools say when there are colours.
const COLOURS: [&str; 2] = ["color", "colour"];

/// How the names of files end that `-f` takes.
const FILES: [&str; 4] = [".yaml", ".yml", ".toml", ".json"];

/// The command that was typed, as far as its verbs are known.
pub(super) fn command(typed: &[OsString]) -> Command {
    let mut command = whole();
    for word in typed.iter().skip(1) {
        let next = command.find_subcommand(word).cloned();
        command = next.unwrap_or(command);
    }
    command
}

fn whole() -> Command {
    let mut command = pages::command();
    command.build();
    command
}

/// The verbs of a command. Those that only Windlass types are nobody's choice.
pub(super) fn verbs(command: &Command) -> impl Iterator<Item = &str> {
    let shown = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    shown.map(Command::get_name)
}

/// What to type instead, where something is near, and where everything is said.
pub(super) fn next(refused: &clap::Error, command: &Command, typed: &[OsString]) -> String {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let whole = if command.has_subcommands() {
        format!("every command: {name} --help")
    } else {
        format!("what it takes: {name} --help")
    };
    let text = |kind| match refused.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        Some(_) | None => None,
    };
    let verb = text(ContextKind::InvalidSubcommand).and_then(|word| verb(word, command, name));
    // Of one that is known the name is named elsewhere too.
    let unknown = text(ContextKind::InvalidArg);
    let unknown = unknown.filter(|_| refused.kind() == ErrorKind::UnknownArgument);
    let option = || unknown.and_then(|word| option(word, command, typed));
    let value = || text(ContextKind::SuggestedValue).map(|value| format!("did you mean {value}?"));
    match verb.or_else(option).or_else(value) {
        Some(instead) => format!("{instead} {whole}"),
        None => whole,
    }
}

/// The variable that stands for an option without a value, where the option itself was not typed.
pub(super) fn empty_variable(
    refused: &clap::Error,
    command: &Command,
    typed: &[OsString],
) -> Option<String> {
    let text = |kind| match refused.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        Some(_) | None => None,
    };
    let option = text(ContextKind::InvalidArg)?;
    text(ContextKind::InvalidValue).filter(|value| value.is_empty())?;
    let long = option.strip_prefix("--")?.split([' ', '=']).next()?;
    let is_it = |word: &OsString| {
        let word = word.to_str().and_then(|word| word.strip_prefix("--"));
        word.is_some_and(|word| word.split('=').next() == Some(long))
    };
    if typed.iter().any(is_it) {
        return None;
    }
    let mut options = command.get_arguments();
    let known = options.find(|known| known.get_long() == Some(long))?;
    Some(known.get_env()?.to_str()?.to_owned())
}

fn verb(word: &str, command: &Command, name: &str) -> Option<String> {
    let several = SEVERAL.iter().find(|(there, _)| *there == word);
    let several = several.filter(|_| command.find_subcommand("deploy").is_some());
    if let Some((_, meant)) = several {
        return Some((*meant).to_owned());
    }
    let verb = instead(word, command)?;
    Some(format!("did you mean {name} {verb}?"))
}

/// The verb of a command that is meant by a word that is none: what other tools call it, or a typo.
pub(crate) fn instead<'c>(word: &str, command: &'c Command) -> Option<&'c str> {
    let same = ELSEWHERE.iter().find(|(there, _)| *there == word);
    let same = same.and_then(|(_, verb)| command.find_subcommand(verb));
    same.map(Command::get_name)
        .or_else(|| meant(word, verbs(command)))
}

/// An option of the command that is near, or else who has one of that very name.
fn option(word: &str, command: &Command, typed: &[OsString]) -> Option<String> {
    if FILES.iter().any(|ending| word.ends_with(ending)) {
        return Some(format!("did you mean -f {word}?"));
    }
    let long = match word.strip_prefix("--") {
        Some(long) => long,
        // `-detach` is read as `-d` and more.
        None => typed.iter().find_map(|typed| {
            let long = typed.to_str()?.strip_prefix('-')?;
            let begins = long.starts_with(word.strip_prefix('-')?) && long.len() > 1;
            begins.then_some(long)
        })?,
    };
    let long = long.split('=').next().unwrap_or(long);
    if COLOURS.contains(&long) {
        return Some("did you mean --no-color?".to_owned());
    }
    if FORMS.contains(&long) {
        return Some(format!("did you mean -o {long}?"));
    }
    let same = OPTIONS.iter().find(|(there, _)| *there == long);
    let same = same.and_then(|(_, here)| options(command).find(|option| option == here));
    if let Some(near) = same.or_else(|| meant(long, options(command))) {
        return Some(format!("did you mean --{near}?"));
    }
    let whole = whole();
    let others = whole.get_subcommands().filter(|verb| !verb.is_hide_set());
    let others = others.filter(|verb| options(verb).any(|option| option == long));
    let names: Vec<&str> = others.filter_map(Command::get_bin_name).collect();
    (!names.is_empty()).then(|| format!("--{long} is for {};", listed(&names)))
}

fn options(command: &Command) -> impl Iterator<Item = &str> {
    let shown = command
        .get_arguments()
        .filter(|option| !option.is_hide_set());
    shown.filter_map(clap::Arg::get_long)
}
