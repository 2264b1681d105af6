//! A `Procfile`: one service a line.

use super::draft::{Guess, Served};
use super::folder::Folder;
use super::run::line;

/// The process that is run once before a release, elsewhere.
const ONCE: &str = "release";

/// The services of the Procfile, and what of it can't be one.
pub(super) fn services(folder: &Folder, files: &[String]) -> Option<(Vec<Guess>, Vec<String>)> {
    let text = folder.read("Procfile")?;
    let mut services = Vec::new();
    let mut left_out = Vec::new();
    for (kind, command) in text.lines().filter_map(entry) {
        if kind == ONCE {
            left_out.push(format!(
                "release: {command} (run it before windlass deploy)"
            ));
            continue;
        }
        let made = line(command);
        let mut guess = Guess {
            name: kind.to_owned(),
            run: made.run,
            served: if kind == "web" {
                Served::Anywhere
            } else {
                Served::No
            },
            files: files.to_vec(),
            ..Guess::default()
        };
        if made.shell {
            guess.notes.push(
                "It needed a shell, so it names one; a script of its own is better.".to_owned(),
            );
        }
        if kind == "web" {
            guess
                .notes
                .push("Its port is in the variable PORT too.".to_owned());
        }
        services.push(guess);
    }
    (!services.is_empty()).then_some((services, left_out))
}

fn entry(line: &str) -> Option<(&str, &str)> {
    let (kind, command) = line.split_once(':')?;
    let (kind, command) = (kind.trim(), command.trim());
    let named = kind
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    (named && !kind.is_empty() && !command.is_empty()).then_some((kind, command))
}
