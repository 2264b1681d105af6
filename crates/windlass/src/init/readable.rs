//! Files that say how something is started, and can't be read.

use windlass_config::Format;

use super::compose;
use super::folder::Folder;

/// The files of projects.
const PROJECTS: [&str; 3] = ["package.json", "Cargo.toml", "pyproject.toml"];

/// The files that can't be read, and why.
pub(super) fn faults(folder: &Folder) -> Vec<(&'static str, String)> {
    let all = compose::NAMES.into_iter().chain(PROJECTS);
    let there = all.filter(|name| folder.is_file(name));
    there
        .filter_map(|name| Some((name, fault(folder, name)?)))
        .collect()
}

fn fault(folder: &Folder, name: &str) -> Option<String> {
    let Some(text) = folder.read(name) else {
        return Some("it is no text in UTF-8, or may not be read".to_owned());
    };
    let (line, why) = match Format::of(name) {
        Format::Yaml => {
            let why = windlass_config::as_json(&text, Format::Yaml).err()?;
            (
                why.span.and_then(|span| span.line.try_into().ok()),
                why.message,
            )
        }
        Format::Toml => {
            let read: Result<toml::Table, toml::de::Error> = text.parse();
            let why = read.err()?;
            let before = why.span().and_then(|span| text.get(..span.start));
            let line = before.map(|before| before.matches('\n').count() + 1);
            (line, why.message().to_owned())
        }
        Format::Json => {
            let read: Result<serde_json::Value, _> = serde_json::from_str(&text);
            // It says the line itself.
            (None, read.err()?.to_string())
        }
    };
    let line: Option<usize> = line;
    Some(line.map_or(why.clone(), |line| format!("line {line}: {why}")))
}
