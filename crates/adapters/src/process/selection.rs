//! Which files a release consists of, and which program it starts.

use std::fs;
use std::path::{Component, Path, PathBuf};

use windlass_edge::{EdgeError, KeepRelease};
use windlass_model::Template;

use super::fail::rejected;
use super::meant;
use super::program::{self, DEFAULT_PATH};

/// The program of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// A kept file, by its path in the copy.
    Kept(String),
    /// A file elsewhere; only its digest is kept.
    Outside(PathBuf),
}

/// What to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) paths: Vec<String>,
    pub(super) program: Program,
}

/// Where a relative path leads, by its words alone.
enum Place {
    /// Below the folder; the path without `.` and `..`. Empty: the folder itself.
    Below {
        path: String,
        climbs: bool,
    },
    Elsewhere,
}

fn place(text: &str) -> Place {
    let mut parts: Vec<&str> = Vec::new();
    let mut climbs = false;
    for component in Path::new(text).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) => parts.push(part.to_str().unwrap_or_default()),
            Component::ParentDir => {
                climbs = true;
                if parts.pop().is_none() {
                    return Place::Elsewhere;
                }
            }
            Component::RootDir | Component::Prefix(_) => return Place::Elsewhere,
        }
    }
    let path = parts.join("/");
    Place::Below { path, climbs }
}

/// Decides by `files`, or else by the program and its arguments. `folder` is without links.
pub(super) fn select(request: &KeepRelease, folder: &Path) -> Result<Selection, EdgeError> {
    let argv = &request.spec.process.argv;
    let (first, arguments) = argv
        .split_first()
        .ok_or_else(|| rejected("there is no program in `run`"))?;
    let path = request.surroundings.get("PATH");
    let path = path.map_or(DEFAULT_PATH, String::as_str);
    let shown = program_text(first, request)?;
    // All of it is told at once: whoever mends one thing must not meet the next with the next deployment.
    let mut wrong = Wrong::default();
    let program = wrong.note(there(&shown, folder, path));
    let files = &request.spec.process.files;
    let mut paths: Vec<String> = files
        .iter()
        .filter_map(|listed| wrong.note(listed_path(listed, folder)))
        .collect();
    match &program {
        Some(Program::Kept(below)) => paths.push(below.clone()),
        // What an interpreter is given is the program in truth.
        Some(Program::Outside(_)) => paths.extend(wrong.note(script(arguments, folder)).flatten()),
        None => {}
    }
    if files.is_empty() {
        let named = arguments.iter();
        paths.extend(named.filter_map(|it| wrong.note(named_path(it, folder)).flatten()));
    }
    let program = wrong.none_but(program)?;
    if paths.is_empty() {
        return Err(nothing_kept(&shown, arguments, folder));
    }
    // What lies above comes first, so that what lies below it is seen as taken.
    paths.sort();
    paths.dedup();
    Ok(Selection { paths, program })
}

/// What is wrong, in the order of the search.
#[derive(Default)]
struct Wrong(Vec<EdgeError>);

impl Wrong {
    fn note<T>(&mut self, found: Result<T, EdgeError>) -> Option<T> {
        found.map_err(|why| self.0.push(why)).ok()
    }

    /// The program, where nothing is.
    fn none_but(mut self, program: Option<Program>) -> Result<Program, EdgeError> {
        match (program, self.0.len()) {
            (Some(program), 0) => Ok(program),
            (_, 1) => Err(self.0.remove(0)),
            (_, _) => {
                let all: Vec<String> = self.0.iter().map(EdgeError::chain).collect();
                Err(rejected(all.join("; ")))
            }
        }
    }
}

/// The program, which can be started.
fn there(shown: &str, folder: &Path, path: &str) -> Result<Program, EdgeError> {
    let program = locate(shown, folder, path)?;
    let file = match &program {
        Program::Kept(below) => folder.join(below),
        Program::Outside(file) => file.clone(),
    };
    if matches!(program, Program::Kept(_)) && !file.exists() {
        let missing = meant::missing(shown, folder);
        return Err(rejected(format!("the program {missing}")));
    }
    program::check(&file, shown, path)?;
    Ok(program)
}

/// The script that a program from elsewhere is given first. One that is not there is refused here:
/// its program would only say so when it is started.
fn script(arguments: &[Template], folder: &Path) -> Result<Option<String>, EdgeError> {
    let texts = arguments
        .iter()
        .map_while(|text| text.expand(|_| None).ok());
    let Some(text) = texts.into_iter().find(|text| !text.starts_with('-')) else {
        return Ok(None);
    };
    if !meant::is_script(&text) {
        return Ok(None);
    }
    match place(&text) {
        Place::Below {
            path,
            climbs: false,
        } if !folder.join(&path).exists() => {
            let missing = meant::missing(&text, folder);
            Err(rejected(format!("{missing} (in `run`)")))
        }
        Place::Below {
            path,
            climbs: false,
        } => Ok(Some(path)),
        Place::Below { climbs: true, .. } | Place::Elsewhere => Ok(None),
    }
}

fn nothing_kept(shown: &str, arguments: &[Template], folder: &Path) -> EdgeError {
    let texts = arguments
        .iter()
        .filter_map(|text| text.expand(|_| None).ok());
    let texts: Vec<String> = texts.collect();
    let below = |text: &&String| Path::new(text).starts_with(folder) && meant::is_script(text);
    if let Some(script) = texts.iter().find(below) {
        return rejected(format!(
            "{shown} is given {script} by its absolute path, which is not kept, so that it could not be started \
             again later: write it as a path of this folder; or, where paths must be absolute, make it the program \
             itself, executable and with {shown} in its first line (`#!/usr/bin/env {shown}`): `run: {script}`"
        ));
    }
    let path = texts.into_iter().find(|text| meant::is_path(text));
    let first = match path {
        Some(path) => format!("{} (in `run`), and ", meant::missing(&path, folder)),
        None => String::new(),
    };
    rejected(format!(
        "{first}nothing of {shown} would be kept, so that it could not be started again later: \
         list in `files:` what the service consists of"
    ))
}

/// The program's name as the person wrote it, with the values known before any start.
pub(super) fn program_text(
    template: &Template,
    request: &KeepRelease,
) -> Result<String, EdgeError> {
    let text = template
        .expand(|name| match name {
            "VERSION" => request.spec.version.as_deref(),
            _ => request.values.get(name).map(String::as_str),
        })
        .map_err(|name| {
            rejected(format!(
                "the program {template} can't depend on ${{{name}}}, which has no value yet"
            ))
        })?;
    if text.is_empty() || text.contains('\0') {
        return Err(rejected("the program in `run` has no name"));
    }
    Ok(text)
}

pub(super) fn locate(shown: &str, folder: &Path, path: &str) -> Result<Program, EdgeError> {
    if !shown.contains('/') {
        let found = program::find(shown, path).ok_or_else(|| {
            rejected(format!(
                "the program {shown} is in no folder of PATH; a program of this folder is \
                 written ./{shown}"
            ))
        })?;
        return Ok(Program::Outside(found));
    }
    if let Some(text) = Path::new(shown).is_absolute().then_some(shown) {
        let below = Path::new(text).strip_prefix(folder).ok();
        return match below.and_then(Path::to_str).map(place) {
            Some(Place::Below { path, .. }) => Ok(Program::Kept(path)),
            Some(Place::Elsewhere) | None => Ok(Program::Outside(PathBuf::from(text))),
        };
    }
    match place(shown) {
        Place::Below { path, .. } => Ok(Program::Kept(path)),
        Place::Elsewhere => Err(rejected(format!(
            "the program {shown} lies outside of the folder: write its absolute path, and list in \
             `files:` what the service consists of"
        ))),
    }
}

fn listed_path(listed: &str, folder: &Path) -> Result<String, EdgeError> {
    match place(listed) {
        Place::Below { climbs: true, .. } | Place::Elsewhere => Err(rejected(format!(
            "{listed} in `files:` must lie below the folder, without `..`"
        ))),
        Place::Below { path, .. } if fs::symlink_metadata(folder.join(&path)).is_err() => {
            let missing = meant::missing(listed, folder);
            Err(rejected(format!("{missing} (in `files:`)")))
        }
        Place::Below { path, .. } => Ok(path),
    }
}

/// What an argument names below the folder, if it does.
pub(super) fn named_path(argument: &Template, folder: &Path) -> Result<Option<String>, EdgeError> {
    let Ok(text) = argument.expand(|_| None) else {
        return Ok(None); // Not known before the start.
    };
    if text.is_empty() || text.contains('\0') {
        return Ok(None);
    }
    match place(&text) {
        Place::Below { path, climbs } if folder.join(&path).exists() => {
            if climbs {
                return Err(rejected(format!(
                    "the argument {text} names {path} by a detour; in the copy the detour may be \
                     missing: write {path}"
                )));
            }
            Ok(Some(path))
        }
        Place::Below { .. } | Place::Elsewhere => Ok(None),
    }
}
