//! The reference of the command line, from the very definition that parses it.

use std::fmt::Write as _;

use clap::{Arg, Command};

use super::exits;
use super::help::command;
use super::surroundings::{FILES, VARIABLES, table};

/// The heading of what every command takes.
const EVERY: &str = "Options of every command";

/// The page, as Markdown.
pub(crate) fn reference() -> String {
    let mut whole = command();
    whole.build();
    let mut text = format!(
        "# The command line\n\nGenerated from the program: `windlass docs cli` prints the same.\n\n\
         stdout is data, stderr is talk. `-o json` gives one value, `-o ndjson` one object a line. A refusal is\n\
         `problem` with code, title, detail, hint and exit; that of a file also `problems`, a list of code, file, line, column, message\n\
         and hint.\n\n\
         ## Exit codes\n\n{}",
        exits::table()
    );
    section(&mut text, EVERY, "");
    text.push_str(&rows(whole.get_arguments().filter(|arg| !is_help(arg))));
    section(
        &mut text,
        "Environment variables",
        &table("variable", VARIABLES),
    );
    section(&mut text, "Files", &table("file", FILES));
    for verb in whole.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        text.push_str(&one(verb));
        for below in verb.get_subcommands() {
            text.push_str(&one(below));
        }
    }
    text
}

/// The section of one command.
fn one(verb: &Command) -> String {
    let mut text = String::new();
    let about = verb
        .get_about()
        .map(ToString::to_string)
        .unwrap_or_default();
    // Built, a command knows the words before it.
    let words = verb.get_bin_name().unwrap_or_default();
    let name = words.strip_prefix("windlass ").unwrap_or(words);
    section(&mut text, name, &format!("{about}.\n\n"));
    let usage = verb.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    // A String takes every write.
    write!(text, "```text\n{usage}\n```\n").ok();
    let own = rows(
        verb.get_arguments()
            .filter(|arg| !is_of_every_command(arg) && !is_help(arg)),
    );
    if !own.is_empty() {
        write!(text, "\n{own}").ok();
    }
    if let Some(after) = verb.get_after_help() {
        write!(text, "\n```text\n{after}\n```\n").ok();
    }
    text
}

fn section(text: &mut String, heading: &str, below: &str) {
    write!(text, "\n## {heading}\n\n{below}").ok();
}

/// A command may have options of its own that hold for all of its verbs.
fn is_of_every_command(arg: &Arg) -> bool {
    arg.get_help_heading() == Some(EVERY)
}

fn is_help(arg: &Arg) -> bool {
    matches!(arg.get_id().as_str(), "help" | "version")
}

/// One row for each argument; nothing without any.
fn rows<'a>(arguments: impl Iterator<Item = &'a Arg>) -> String {
    let rows: Vec<String> = arguments
        .filter(|arg| !arg.is_hide_set())
        .map(row)
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    format!("| argument | means |\n|---|---|\n{}", rows.concat())
}

fn row(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    let value = arg.get_value_names().filter(|_| takes_value(arg));
    let value = value
        .and_then(|names| names.first())
        .map(ToString::to_string);
    let written: Vec<String> = [(!names.is_empty()).then(|| names.join(", ")), value]
        .into_iter()
        .flatten()
        .collect();
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let help = help.replace('|', "\\|");
    format!("| `{}` | {help}{} |\n", written.join(" "), default(arg))
}

/// What holds where it is left out, as the help says it.
fn default(arg: &Arg) -> String {
    let shown = takes_value(arg) && !arg.is_hide_default_value_set();
    let values = arg.get_default_values().iter().filter(|_| shown);
    let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
    if values.is_empty() {
        String::new()
    } else {
        format!(" [default: {}]", values.join(" "))
    }
}

fn takes_value(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|range| range.takes_values())
}
