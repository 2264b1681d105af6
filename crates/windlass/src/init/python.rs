//! A Python project: its usual ways to be started.

use toml::{Table, Value};

use super::draft::{Guess, Served};
use super::folder::Folder;

/// Modules that are usually the one to start.
const ENTRIES: [&str; 6] = ["app", "main", "server", "wsgi", "asgi", "run"];

/// What usually belongs to a release of such a project.
const PARTS: [&str; 8] = [
    "pyproject.toml",
    "requirements.txt",
    "manage.py",
    "src",
    "app",
    "templates",
    "static",
    ".venv",
];

pub(super) fn service(folder: &Folder) -> Option<Guess> {
    let project = folder.read("pyproject.toml");
    let required = folder.read("requirements.txt");
    if project.is_none() && required.is_none() && !folder.has("manage.py") {
        return None;
    }
    let words = [project.as_deref(), required.as_deref()];
    let words = words
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\n")
        .to_lowercase();
    let project: Option<Table> = project.and_then(|text| text.parse().ok());
    let (run, module) = run(folder, &words, project.as_ref())?;
    let mut notes = vec![
        "Its packages must be installed; a .venv in this folder is kept with the release."
            .to_owned(),
    ];
    if run.contains("${PORT}") {
        notes.push("Look whether it is the right module and application.".to_owned());
    } else {
        notes.push("PORT is in its environment.".to_owned());
    }
    let mut files = files(folder);
    files.extend(
        module
            .map(|module| folder.named(&module))
            .filter(|file| !files.contains(file)),
    );
    let name = project
        .as_ref()
        .and_then(|table| table.get("project")?.get("name")?.as_str());
    Some(Guess {
        name: name.unwrap_or("web").to_owned(),
        run,
        served: Served::Anywhere,
        files,
        env: vec![("PYTHONUNBUFFERED".to_owned(), "1".to_owned())],
        notes,
        ..Guess::default()
    })
}

/// What of such a project is there, with every package of it.
pub(super) fn files(folder: &Folder) -> Vec<String> {
    let mut files = folder.present(&PARTS);
    for name in folder.list("") {
        let module = name.strip_suffix(".py");
        let module = module.is_some_and(|module| !module.starts_with("test") && module != "setup");
        if module || folder.has(&format!("{name}/__init__.py")) {
            files.push(folder.named(&name));
        }
    }
    files.sort();
    files.dedup();
    files
}

/// How it is started, and the file that this begins with.
fn run(folder: &Folder, words: &str, project: Option<&Table>) -> Option<(String, Option<String>)> {
    let installed = |program: &str| {
        let own = format!(".venv/bin/{program}");
        if folder.has(&own) {
            folder.named(&own)
        } else {
            program.to_owned()
        }
    };
    let entry = ENTRIES
        .iter()
        .find(|name| folder.has(&format!("{name}.py")));
    let file = entry.map(|name| format!("{name}.py"));
    if folder.has("manage.py") {
        let names = folder.list("");
        let site = names
            .iter()
            .find(|name| folder.has(&format!("{name}/wsgi.py")));
        let run = match site.filter(|_| words.contains("gunicorn")) {
            Some(site) => format!(
                "{} {site}.wsgi --bind 127.0.0.1:${{PORT}}",
                installed("gunicorn")
            ),
            None => format!(
                "{} {} runserver --noreload 127.0.0.1:${{PORT}}",
                installed("python3"),
                folder.named("manage.py")
            ),
        };
        return Some((run, Some("manage.py".to_owned())));
    }
    if let Some(entry) = entry {
        let run = if words.contains("uvicorn") || words.contains("fastapi") {
            format!(
                "{} {entry}:app --host 127.0.0.1 --port ${{PORT}}",
                installed("uvicorn")
            )
        } else if words.contains("gunicorn") {
            format!(
                "{} {entry}:app --bind 127.0.0.1:${{PORT}}",
                installed("gunicorn")
            )
        } else {
            format!(
                "{} {}",
                installed("python3"),
                folder.named(&format!("{entry}.py"))
            )
        };
        return Some((run, file));
    }
    let scripts = project?.get("project")?.get("scripts")?.as_table()?;
    let (script, _) = scripts
        .iter()
        .find(|(_, to)| matches!(to, Value::String(_)))?;
    Some((installed(script), None))
}
