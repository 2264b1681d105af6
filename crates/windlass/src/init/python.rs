//! A Python project, or a script of Python: its usual ways to be started.

use toml::{Table, Value};

use super::draft::{Guess, Served, called};
use super::folder::Folder;
use super::run::word;
use super::script;
use super::wrapped::is_a_chore;

/// What makes a folder a project of Python.
pub(super) const PROJECT: [&str; 3] = ["pyproject.toml", "requirements.txt", "manage.py"];

/// Modules that are usually the one to start.
const ENTRIES: [&str; 8] = [
    "app.py",
    "main.py",
    "server.py",
    "api.py",
    "web.py",
    "wsgi.py",
    "asgi.py",
    "run.py",
];

/// What usually belongs to a release of such a project, beside its modules and packages.
const PARTS: [&str; 6] = [
    "pyproject.toml",
    "requirements.txt",
    "src",
    "app",
    "templates",
    "static",
];

/// Without it, what a program prints comes late, and its last words not at all when it is killed.
pub(super) fn unbuffered() -> (String, String) {
    ("PYTHONUNBUFFERED".to_owned(), "1".to_owned())
}

pub(super) fn service(folder: &Folder) -> Option<Guess> {
    let project = folder.read("pyproject.toml");
    let required = folder.read("requirements.txt");
    let needs_packages = project.is_some() || required.is_some();
    let words = [project.as_deref(), required.as_deref()];
    let words = words
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\n")
        .to_lowercase();
    let project: Option<Table> = project.and_then(|text| text.parse().ok());
    let installed = packages(folder);
    let start = run(folder, &words, needs_packages).or_else(|| declared(project.as_ref()))?;
    let text = match &start {
        Start::Script(script) => folder.read(script).unwrap_or_default(),
        Start::Server(..) | Start::Program(_) => String::new(),
    };
    let run = start.told(folder, installed.is_some());
    let told = script::told(&run, &text);
    let mut notes = Vec::new();
    let mut env = vec![unbuffered()];
    if let Some(installed) = installed {
        notes.push(
            "Its packages come from .venv: python3 must be the Python that made it.".to_owned(),
        );
        env.push(("PYTHONPATH".to_owned(), folder.named(&installed)));
    } else if needs_packages {
        notes.push(
            "Install its packages for python3, or make a .venv here and run init again.".to_owned(),
        );
    }
    if told.run != run {
        notes.push(told.note);
    } else if run.contains("${PORT}") {
        notes.push("Look whether it is the right module and application.".to_owned());
    } else {
        notes.push("Its port is in the variable PORT.".to_owned());
    }
    let run = told.run;
    let name = project
        .as_ref()
        .and_then(|table| table.get("project")?.get("name")?.as_str());
    Some(Guess {
        name: name.map_or_else(|| called(&run), str::to_owned),
        run,
        served: Served::Anywhere,
        files: files(folder),
        env,
        notes,
        ..Guess::default()
    })
}

/// What of such a project is there, with every package of it.
pub(super) fn files(folder: &Folder) -> Vec<String> {
    let mut files = folder.present(&PARTS);
    files.extend(folder.sources(&[".py"]));
    files.extend(packages(folder).map(|path| folder.named(&path)));
    files.sort();
    files.dedup();
    files
}

/// Where the packages of a `.venv` lie. Its programs are no part of a release: they are links to a
/// Python outside of the folder.
fn packages(folder: &Folder) -> Option<String> {
    let versions = folder.list(".venv/lib");
    let mut packages = versions
        .iter()
        .filter(|version| version.starts_with("python"))
        .map(|version| format!(".venv/lib/{version}/site-packages"));
    packages.find(|path| folder.has(path))
}

/// A way to start it.
enum Start {
    /// A script of the folder, with its arguments.
    Script(String),
    /// A server of a package: its name, its application, its options.
    Server(&'static str, String, &'static str),
    /// A program that its installation makes.
    Program(String),
}

impl Start {
    fn told(self, folder: &Folder, installed: bool) -> String {
        match self {
            Self::Script(script) if folder.is_file(&script) => {
                format!("python3 {}", word(&folder.named(&script)))
            }
            Self::Script(script) => format!("python3 {}", folder.named(&script)),
            Self::Server(server, application, options) => {
                let by = if installed { "python3 -m " } else { "" };
                let option = match server {
                    "uvicorn" => "--app-dir",
                    _ => "--chdir",
                };
                let server = folder.elsewhere(server, &format!("{server} {option}"), "");
                format!("{by}{} {application} {options}", server.trim_end())
            }
            Self::Program(program) => {
                let own = format!(".venv/bin/{program}");
                if folder.has(&own) {
                    folder.named(&own)
                } else {
                    program
                }
            }
        }
    }
}

/// How its files say that it is started.
fn run(folder: &Folder, words: &str, needs_packages: bool) -> Option<Start> {
    let bind = "--bind 127.0.0.1:${PORT}";
    if folder.has("manage.py") {
        let names = folder.list("");
        let site = names
            .iter()
            .find(|name| folder.has(&format!("{name}/wsgi.py")));
        return Some(match site.filter(|_| words.contains("gunicorn")) {
            Some(site) => Start::Server("gunicorn", format!("{site}.wsgi"), bind),
            None => Start::Script("manage.py runserver --noreload 127.0.0.1:${PORT}".to_owned()),
        });
    }
    let entry = folder
        .first(&ENTRIES)
        .or_else(|| needs_packages.then(|| folder.only(".py"))?)
        .filter(|script| !is_a_chore(script))?;
    let module = entry.trim_end_matches(".py");
    if words.contains("uvicorn") || words.contains("fastapi") {
        let options = "--host 127.0.0.1 --port ${PORT}";
        Some(Start::Server("uvicorn", format!("{module}:app"), options))
    } else if words.contains("gunicorn") {
        Some(Start::Server("gunicorn", format!("{module}:app"), bind))
    } else {
        Some(Start::Script(entry))
    }
}

/// The first program that the project declares.
fn declared(project: Option<&Table>) -> Option<Start> {
    let scripts = project?.get("project")?.get("scripts")?.as_table()?;
    let (script, _) = scripts
        .iter()
        .find(|(_, to)| matches!(to, Value::String(_)))?;
    Some(Start::Program(script.clone()))
}
