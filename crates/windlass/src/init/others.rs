//! Scripts beside the service that was found: each that is seen to listen is a service of its own, and
//! the rest is named.

use std::path::Path;

use super::draft::Guess;
use super::folder::Folder;
use super::python;
use super::run::words;
use super::script::{by_likelihood, guess, has_any};

/// How many are named.
const NAMED_MAX: usize = 5;

/// Words of a source that waits for requests itself. Stricter than those that only tell which of several
/// is likelier: a module that asks others over HTTP is no service.
const WAITS: [&str; 12] = [
    "listen(",
    "TCPServer",
    "HTTPServer(",
    "serve_forever",
    "app.run(",
    "uvicorn.run",
    "createServer",
    "ListenAndServe",
    "Rack::",
    "bind(",
    "PORT",
    "--port",
];

/// Words of a line that brings in another source.
const BRINGS_IN: [&str; 6] = ["import", "require", "from ", "include", "source ", "use "];

/// Sources of a language whose project is here belong to that project, whatever they look like.
const OF_PROJECTS: [(&[&str], &[&str]); 2] = [
    (&["package.json"], &[".js", ".mjs", ".cjs"]),
    (&python::PROJECT, &[".py"]),
];

/// Adds the other services of this folder to those that were found, and says at the first what else may
/// be one.
pub(super) fn add(folder: &Folder, services: &mut Vec<Guess>) {
    if services.is_empty() {
        return;
    }
    let (waiting, rest) = left(folder, services);
    for file in &waiting {
        let why = format!("Guessed: {file} is started too, as it was seen to listen.");
        services.push(guess(folder, file, why));
    }
    if let Some(first) = services.first_mut() {
        name(&rest, first);
    }
}

/// Says of a folder that is one service what else in it may be one.
pub(super) fn only_named(folder: &Folder, service: &mut Guess) {
    let (waiting, rest) = left(folder, std::slice::from_ref(service));
    name(&[waiting, rest].concat(), service);
}

fn name(others: &[String], service: &mut Guess) {
    let others: Vec<&str> = others.iter().map(String::as_str).take(NAMED_MAX).collect();
    if !others.is_empty() {
        service.notes.push(format!(
            "What else may be a service of its own: {}. Add it with a name and a `run` like this one's.",
            others.join(", ")
        ));
    }
}

/// The files that no service starts: those that wait for requests, and the rest.
fn left(folder: &Folder, services: &[Guess]) -> (Vec<String>, Vec<String>) {
    let started: Vec<String> = services
        .iter()
        .flat_map(|service| words(&service.run))
        .map(|word| folder.placed(&word))
        .collect();
    let all = by_likelihood(folder);
    let texts: Vec<(&String, String)> = all
        .iter()
        .map(|file| (file, folder.read(file).unwrap_or_default()))
        .collect();
    let is_brought_in = |file: &String| {
        let mut others = texts.iter().filter(|(other, _)| *other != file);
        others.any(|(_, text)| brings_in(text, file))
    };
    let others = texts.iter().filter(|(file, _)| {
        let is_its = started.contains(&folder.named(file)) || is_of_a_project(folder, file);
        !is_its && !is_brought_in(file)
    });
    let (waiting, rest): (Vec<_>, Vec<_>) = others.partition(|(_, text)| has_any(text, &WAITS));
    let names =
        |some: Vec<&(&String, String)>| some.iter().map(|(file, _)| (*file).clone()).collect();
    (names(waiting), names(rest))
}

fn is_of_a_project(folder: &Folder, file: &str) -> bool {
    OF_PROJECTS.iter().any(|(projects, endings)| {
        projects.iter().any(|project| folder.has(project))
            && endings.iter().any(|ending| file.ends_with(ending))
    })
}

/// Whether a program is here that is seen to wait for requests.
pub(super) fn serves(folder: &Folder) -> bool {
    let mut texts = by_likelihood(folder).into_iter();
    texts.any(|file| {
        folder
            .read(&file)
            .is_some_and(|text| has_any(&text, &WAITS))
    })
}

/// Whether a source uses `file` as a part of itself.
pub(super) fn brings_in(text: &str, file: &str) -> bool {
    let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str());
    let Some(stem) = stem else {
        return false;
    };
    let is_named = |line: &str| {
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
        words.any(|word| word == stem)
    };
    text.lines()
        .any(|line| has_any(line, &BRINGS_IN) && is_named(line))
}
