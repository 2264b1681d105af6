//! A `Procfile`: one service a line.

use std::collections::BTreeSet;

use super::draft::{Guess, Served};
use super::folder::Folder;
use super::run::line;

/// What it is called.
pub(super) const NAME: &str = "Procfile";

/// The process that is run once before a release, elsewhere.
const ONCE: &str = "release";

/// The services of the Procfile, and what of it can't be one.
pub(super) fn services(folder: &Folder, files: &[String]) -> (Vec<Guess>, Vec<String>) {
    let text = folder.read(NAME).unwrap_or_default();
    let mut services = Vec::new();
    let mut left_out = Vec::new();
    let lines = (1..).zip(text.lines());
    for (number, line) in lines.filter(|(_, line)| says_something(line)) {
        match entry(line) {
            Some((ONCE, command)) => left_out.push(format!(
                "release: {command} (run it before windlass deploy)"
            )),
            Some((kind, command)) => {
                let command = folder.entered(command);
                services.push(service(folder, (kind, &command), files));
            }
            None => left_out.push(format!(
                "Procfile, line {number}: `{}` is no NAME: COMMAND",
                line.trim()
            )),
        }
    }
    (services, left_out)
}

fn says_something(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

fn service(folder: &Folder, (kind, command): (&str, &str), files: &[String]) -> Guess {
    let made = line(command);
    let is_web = kind == "web";
    let mut notes = made.notes;
    let mut files = files.to_vec();
    if made.shell {
        notes.push("It needed a shell, so it names one; a script of its own is better.".to_owned());
        // The shell is no part of the release, so what it runs is all that could be kept.
        files.extend(mentioned(folder, command));
        if files.is_empty() {
            notes.push("List in `files:` what it consists of.".to_owned());
        }
    }
    if is_web {
        notes.push("Its port is in the variable PORT too.".to_owned());
    }
    Guess {
        name: kind.to_owned(),
        run: made.run,
        served: if is_web { Served::Anywhere } else { Served::No },
        files,
        notes,
        ..Guess::default()
    }
}

/// The files here that a line for a shell names, in the order of their names.
fn mentioned(folder: &Folder, command: &str) -> BTreeSet<String> {
    let is_of_a_path = |c: char| c.is_alphanumeric() || "./_-+@".contains(c);
    let words = command.split(|c: char| !is_of_a_path(c));
    words
        .map(|word| folder.placed(word))
        .filter(|word| word.starts_with("./") && folder.is_file(word))
        .collect()
}

fn entry(line: &str) -> Option<(&str, &str)> {
    let (kind, command) = line.split_once(':')?;
    let (kind, command) = (kind.trim(), command.trim());
    let named = kind
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    (named && !kind.is_empty() && !command.is_empty()).then_some((kind, command))
}
