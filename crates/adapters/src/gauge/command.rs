//! A command, asked.

use std::path::Path;
use std::time::SystemTime;

use tokio::process::Command;
use windlass_edge::Measuring;
use windlass_model::{Reading, Template};
use windlass_reports::limit::MAX_FIGURE_BYTES;
use windlass_reports::{Found, figure};

use super::file::micros;
use super::measure::reading;
use crate::group::{Running, Said, ask as ask_program};
use crate::mask::Mask;

/// Characters of a complaint that are shown.
const SHOWN: usize = 120;

/// Runs it in the file's folder, with nothing of the controller's own environment.
pub(super) async fn ask(
    asked: &Measuring,
    (argv, value): (&[Template], Option<&str>),
    running: &Running,
) -> Result<Reading, String> {
    let words: Result<Vec<String>, String> = argv
        .iter()
        .map(|word| word.expand(|name| asked.values.get(name).map(String::as_str)))
        .collect();
    let words = words.map_err(|name| format!("{name} has no value"))?;
    let Some((program, arguments)) = words.split_first() else {
        return Err("there is no command".to_owned());
    };
    let mut command = Command::new(place(&asked.folder, program));
    command
        .args(arguments)
        .env_clear()
        .envs(&asked.env)
        .current_dir(&asked.folder);
    // As written: what a place stands for may be secret.
    let name = argv.first().map(ToString::to_string).unwrap_or_default();
    // One byte more than is read as JSON, so that its reader can say that it is too much.
    let most = u64::try_from(MAX_FIGURE_BYTES).unwrap_or(u64::MAX);
    let said = ask_program(command, most.saturating_add(1), Some(running)).await;
    let said = said.map_err(|why| format!("{name} can't be run: {why}"))?;
    let mask = Mask::of(&asked.values);
    let found = match value {
        None => whether(&said, &mask),
        Some(_) if !said.ended.success() => return Err(format!("{name} {}", failed(&said, &mask))),
        Some(value) => figure(&said.printed, value)
            .map_err(|why| format!("what {name} printed can't be read: {why}"))?,
    };
    reading(found, micros(SystemTime::now()))
}

/// A name with a slash is a path from the file's folder; any other is looked for in PATH.
fn place(folder: &Path, program: &str) -> std::path::PathBuf {
    if program.contains('/') {
        folder.join(program)
    } else {
        program.into()
    }
}

/// All or nothing.
fn whether(said: &Said, mask: &Mask<'_>) -> Found {
    if said.ended.success() {
        Found {
            value: 100.0,
            saw: "it ended with 0".to_owned(),
        }
    } else {
        let saw = format!("it {}", failed(said, mask));
        Found { value: 0.0, saw }
    }
}

fn failed(said: &Said, mask: &Mask<'_>) -> String {
    let last = said.last_complaint(mask);
    let harmless = |c: char| if c.is_control() { ' ' } else { c };
    let last: String = last.trim().chars().take(SHOWN).map(harmless).collect();
    match said.ended.code() {
        Some(code) => format!("ended with {code} and said: {last}"),
        None => format!("was ended by a signal and said: {last}"),
    }
}
