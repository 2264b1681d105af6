//! `windlass init`: writes a first `windlass.yaml` from what is in the folder. Asks no controller.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use windlass_api::Exit;
use windlass_config::{Request, load, render_all};

use super::file::a_folder;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::init::{Draft, Folder, file, look};
use crate::report::Report;
use crate::ui::words::{counted, listed};

/// The name of the file without `-f`.
const DEFAULT_NAME: &str = "windlass.yaml";

/// What was done.
#[derive(Debug, Serialize)]
struct Wrote {
    file: String,
    app: String,
    saw: Vec<String>,
    services: Vec<String>,
    /// Set where nothing said what is started.
    example: bool,
    /// What to look at before the first deployment.
    look_at: Vec<String>,
    left_out: Vec<String>,
    /// Files that it knows by their name and could not read.
    unread: Vec<String>,
}

pub(crate) fn run(context: &Context) -> Result<Report, Diagnostic> {
    let path = context
        .global
        .file
        .clone()
        .unwrap_or_else(|| PathBuf::from(DEFAULT_NAME));
    let shown = path.display().to_string();
    let above = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let folder = Folder::at(above.unwrap_or(Path::new(".")));
    let draft = look(&folder);
    let text = file(&folder.name(), &draft);
    let checked = load(&Request {
        text: &text,
        name: &shown,
        environment: None,
        set: &[],
    });
    let loaded = checked.map_err(|refused| {
        Diagnostic::new(
            Exit::Bug,
            "a bug in Windlass: what it drafted is no valid file",
        )
        .detail(render_all(&refused.problems, &shown, &text))
    })?;
    place(&path, &text)?;
    let wrote = Wrote {
        file: shown,
        app: loaded.spec.app.to_string(),
        services: loaded
            .spec
            .services
            .keys()
            .map(ToString::to_string)
            .collect(),
        look_at: look_at(&draft),
        example: !draft.known,
        saw: draft.saw,
        left_out: draft.left_out,
        unread: draft.unread,
    };
    Ok(Report::new(told(&wrote), &wrote)?.sentences())
}

/// Writes the file where there is none.
fn place(path: &Path, text: &str) -> Result<(), Diagnostic> {
    let shown = path.display();
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    match made.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => Ok(()),
        Err(why) if why.kind() == ErrorKind::AlreadyExists && path.is_dir() => {
            Err(a_folder(&shown.to_string(), "-f FILE").detail("nothing was written"))
        }
        Err(why) if why.kind() == ErrorKind::AlreadyExists => Err(Diagnostic::new(
            Exit::Refused,
            format!("{shown} is there already"),
        )
        .code("WL0448")
        .detail("nothing was written")
        .hint("windlass validate checks it; -f FILE writes another one")),
        Err(why) => Err(Diagnostic::io(format!("{shown} can't be written"), &why)
            .hint("name a file where you may write with -f FILE")),
    }
}

/// Where a guess may be wrong.
fn look_at(draft: &Draft) -> Vec<String> {
    let mut look = Vec::new();
    for guess in &draft.services {
        for note in &guess.notes {
            look.push(format!("{}: {note}", guess.name));
        }
    }
    look
}

fn told(wrote: &Wrote) -> String {
    let saw = saw(wrote);
    let count = counted(wrote.services.len(), "service");
    let mut lines = vec![
        format!(
            "wrote {}: app {}, {count} ({})",
            wrote.file,
            wrote.app,
            listed(&wrote.services)
        ),
        format!("saw: {saw}"),
    ];
    lines.extend(wrote.look_at.iter().map(|note| format!("look at {note}")));
    lines.extend(wrote.left_out.iter().map(|line| format!("left out {line}")));
    lines.push("next: windlass validate, then windlass plan\n".to_owned());
    lines.join("\n")
}

fn saw(wrote: &Wrote) -> String {
    let read = wrote.saw.iter();
    let read: Vec<&String> = read.filter(|name| !wrote.unread.contains(name)).collect();
    if !wrote.example {
        return listed(&wrote.saw);
    }
    let silent = format!("{}, which does not say what is started", listed(&read));
    let unread = format!("{}, which can't be read", listed(&wrote.unread));
    let saw = match (read.is_empty(), wrote.unread.is_empty()) {
        (true, true) => "nothing that it knows".to_owned(),
        (false, true) => silent,
        (true, false) => unread,
        (false, false) => format!("{silent}, and {unread}"),
    };
    format!("{saw}, so it is an example")
}
