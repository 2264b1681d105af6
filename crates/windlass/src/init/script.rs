//! Programs and scripts without a project, of any name: what runs them, and how they learn their port.

use std::path::Path;

use super::draft::{Guess, Served, called};
use super::folder::{Folder, is_source};
use super::python;
use super::run::word;
use super::wrapped::is_a_chore;

/// Names that a program to start usually has, the likeliest first.
const USUAL: [&str; 9] = [
    "server", "app", "main", "index", "web", "api", "service", "run", "start",
];

/// What runs Python.
const PYTHON: &str = "python3";

/// What runs a file of this ending.
const BY: [(&str, &str); 9] = [
    (".py", PYTHON),
    (".rb", "ruby"),
    (".js", "node"),
    (".mjs", "node"),
    (".cjs", "node"),
    (".pl", "perl"),
    (".php", "php"),
    (BUILT, "java -jar"),
    (".sh", "sh"),
];

/// What is run and is no source.
const BUILT: &str = ".jar";

/// Words of a source that takes its port as an argument.
const ARGUMENTS: [&str; 6] = ["argv", "ARGV", "os.Args", "$1", "${1", "args["];

/// Words of a source that waits for requests.
const LISTENS: [&str; 8] = [
    "listen", "http", "socket", "bind", "serve", "Server", "Rack", "PORT",
];

/// The service of what is likeliest to be started here.
pub(super) fn service(folder: &Folder) -> Option<Guess> {
    if let Some(built) = built(folder) {
        return Some(built);
    }
    let chosen = by_likelihood(folder).into_iter().next()?;
    let guessed = format!("Guessed: {chosen} is what is started here.");
    Some(guess(folder, &chosen, guessed))
}

/// The file as a service of its own.
pub(super) fn guess(folder: &Folder, file: &str, why: String) -> Guess {
    let text = folder.read(file).unwrap_or_default();
    let told = told(&runs(folder, file), &text);
    Guess {
        name: called(&told.run),
        run: told.run,
        served: told.served,
        files: beside(folder, file),
        env: BY
            .iter()
            .filter(|(ending, by)| *by == PYTHON && file.ends_with(ending))
            .map(|_| python::unbuffered())
            .collect(),
        notes: vec![why, told.note],
        ..Guess::default()
    }
}

/// Files that can be run, the likeliest to be the one that is started first.
pub(super) fn by_likelihood(folder: &Folder) -> Vec<String> {
    let mut all = candidates(folder);
    let text = |name: &String| folder.read(name).unwrap_or_default();
    all.sort_by_key(|name| (likely(name), !has_any(&text(name), &LISTENS), name.clone()));
    all
}

/// Sources that belong to a release beside the one that is started: all of its kind, where there are
/// more.
fn beside(folder: &Folder, chosen: &str) -> Vec<String> {
    let Some((ending, _)) = BY.iter().find(|(ending, _)| chosen.ends_with(ending)) else {
        return Vec::new();
    };
    let files = folder.sources(&[ending]);
    if files.len() > 1 { files } else { Vec::new() }
}

/// A program of Go has to be built first.
fn built(folder: &Folder) -> Option<Guess> {
    let source = ["main.go", "server.go"];
    let source = source.iter().find(|name| folder.is_file(name));
    if source.is_none() && !folder.is_file("go.mod") {
        return None;
    }
    let what = if folder.is_file("go.mod") {
        "."
    } else {
        source?
    };
    let text = source.and_then(|name| folder.read(name));
    let told = told(&folder.named("server"), &text.unwrap_or_default());
    Some(Guess {
        name: "web".to_owned(),
        run: told.run,
        served: told.served,
        notes: vec![
            format!("Build it first: go build -o server {what}"),
            told.note,
        ],
        ..Guess::default()
    })
}

/// Files that can be run.
fn candidates(folder: &Folder) -> Vec<String> {
    let all = folder.list("").into_iter();
    all.filter(|name| {
        let known = BY.iter().any(|(ending, _)| name.ends_with(ending));
        let bare = !name.contains('.') && folder.is_executable(name);
        let program = folder.is_file(name) && (bare || known) && is_source(name, &[""]);
        program && !is_a_chore(name)
    })
    .collect()
}

/// Whether it is a source that something runs as it is.
pub(super) fn is_known(file: &str) -> bool {
    let endings = BY.iter().map(|(ending, _)| *ending);
    endings
        .filter(|ending| *ending != BUILT)
        .any(|ending| file.ends_with(ending))
}

/// Where its name stands among the usual ones.
fn likely(name: &str) -> usize {
    let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str());
    let place = USUAL.iter().position(|usual| Some(*usual) == stem);
    place.unwrap_or(USUAL.len())
}

/// Whether a program is here whose name says that it is started.
pub(super) fn has_a_usual_one(folder: &Folder) -> bool {
    candidates(folder)
        .iter()
        .any(|name| likely(name) < USUAL.len())
}

/// The command that runs it.
pub(super) fn runs(folder: &Folder, name: &str) -> String {
    let file = word(&folder.named(name));
    let by = BY.iter().find(|(ending, _)| name.ends_with(ending));
    match by {
        Some((_, program)) if !folder.is_executable(name) => format!("{program} {file}"),
        Some(_) | None => file,
    }
}

/// A command with what tells it its port, and what was guessed about that.
pub(super) struct Told {
    pub(super) run: String,
    served: Served,
    pub(super) note: String,
}

/// What a command becomes that starts a source with this text.
pub(super) fn told(run: &str, text: &str) -> Told {
    let (run, served, note) = if text.contains("--port") {
        (
            format!("{run} --port ${{PORT}}"),
            Served::Anywhere,
            "It knows --port, so it is told its port by that.",
        )
    } else if text.contains("PORT") || text.is_empty() {
        (
            run.to_owned(),
            Served::Anywhere,
            "Its port is in the variable PORT.",
        )
    } else if has_any(text, &LISTENS) && reads_arguments(text) {
        (
            format!("{run} ${{PORT}}"),
            Served::Anywhere,
            "It reads its arguments: look whether the port is the first of them.",
        )
    } else if has_any(text, &LISTENS) {
        (
            run.to_owned(),
            Served::Anywhere,
            "It must listen on the port in the variable PORT; nothing in it was seen to read that.",
        )
    } else {
        (
            run.to_owned(),
            Served::No,
            "Nothing in it was seen to listen, so it gets no requests.",
        )
    };
    Told {
        run,
        served,
        note: note.to_owned(),
    }
}

/// Whether a source reads what stands behind its name.
pub(super) fn reads_arguments(text: &str) -> bool {
    has_any(text, &ARGUMENTS)
}

pub(super) fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_it_learns_its_port_is_seen_in_what_it_says() {
        let run = |text: &str| {
            let told = told("ruby ./app.rb", text);
            (told.run, told.served)
        };
        let plain = || "ruby ./app.rb".to_owned();
        for (text, wanted) in [
            ("TCPServer.new(ENV['PORT'])", (plain(), Served::Anywhere)),
            ("server.listen 80", (plain(), Served::Anywhere)),
            ("puts 'done'", (plain(), Served::No)),
            (
                "opts.on('--port N')",
                ("ruby ./app.rb --port ${PORT}".to_owned(), Served::Anywhere),
            ),
            (
                "bind('127.0.0.1', ARGV[0])",
                ("ruby ./app.rb ${PORT}".to_owned(), Served::Anywhere),
            ),
        ] {
            assert_eq!(run(text), wanted, "{text}");
        }
    }
}
