//! An npm project, or a script for node: what `npm start` runs.

use serde_json::Value;

use super::draft::{Guess, Served, called};
use super::folder::Folder;
use super::run::{line, word};
use super::script;

/// What usually belongs to a release of such a project, beside its scripts.
const PARTS: [&str; 6] = ["src", "lib", "dist", "build", "public", "views"];

/// Scripts that are usually the one to start; npm takes the first one by itself.
const ENTRIES: [&str; 5] = ["server.js", "index.js", "app.js", "main.js", "web.js"];

/// How its sources end.
const ENDINGS: [&str; 5] = [".js", ".mjs", ".cjs", ".ts", ".json"];

pub(super) fn service(folder: &Folder) -> Option<Guess> {
    let package = package(folder)?;
    let start = package
        .get("scripts")
        .and_then(|scripts| scripts.get("start"));
    let start = start.and_then(Value::as_str);
    let mut notes = Vec::new();
    // Straight to node, where that is all that it says: then there is no npm to pass signals on.
    let (run, npm) = match start {
        Some(script) if script.starts_with("node ") && !line(script).shell => {
            let made = line(&placed(folder, script));
            notes.extend(made.notes);
            (made.run, false)
        }
        Some(_) => {
            notes.push(
                "Starting the program itself is better: npm passes signals on late.".to_owned(),
            );
            (folder.elsewhere("npm start", "npm --prefix", "start"), true)
        }
        None => {
            let entry = entry(folder, &package)?;
            let run = format!("node {}", word(&folder.named(&entry)));
            let text = folder.read(&entry).unwrap_or_default();
            let told = script::told(&run, &text);
            if told.run != run {
                notes.push(told.note);
            }
            (told.run, false)
        }
    };
    if depends(&package) && !folder.has("node_modules") {
        let install = if folder.has("package-lock.json") {
            "npm ci"
        } else {
            "npm install"
        };
        notes.push(format!("Run `{install}` first."));
    }
    if !run.contains("${PORT}") {
        notes.push("Its port is in the variable PORT.".to_owned());
    }
    let mut files = files(folder);
    // What npm starts may well be a tool of those that it has installed.
    if npm && !depends(&package) {
        files.extend(folder.present(&["node_modules"]));
    }
    let name = package.get("name").and_then(Value::as_str);
    Some(Guess {
        name: name.map_or_else(|| called(&run), str::to_owned),
        run,
        served: Served::Anywhere,
        files,
        env: vec![("NODE_ENV".to_owned(), "production".to_owned())],
        notes,
        ..Guess::default()
    })
}

/// What is said of it; nothing without a file, none when that can't be read.
fn package(folder: &Folder) -> Option<Value> {
    match folder.read("package.json") {
        Some(text) => serde_json::from_str(&text).ok(),
        None => Some(Value::Null),
    }
}

/// What of such a project is there, and the packages that it needs when it runs.
pub(super) fn files(folder: &Folder) -> Vec<String> {
    let mut files = folder.present(&PARTS);
    if package(folder).is_some_and(|package| depends(&package)) {
        files.push(folder.named("node_modules"));
    }
    files.extend(folder.sources(&ENDINGS));
    files.sort();
    files.dedup();
    files
}

/// The script that is started when none is said.
fn entry(folder: &Folder, package: &Value) -> Option<String> {
    let main = package.get("main").and_then(Value::as_str);
    main.and_then(|main| script(folder, main))
        .or_else(|| folder.first(&ENTRIES))
        .or_else(|| (!package.is_null()).then(|| folder.only(".js"))?)
}

/// Whether it needs packages when it runs.
fn depends(package: &Value) -> bool {
    let kinds = ["dependencies", "optionalDependencies"];
    kinds.iter().any(|kind| {
        let needed = package.get(kind).and_then(Value::as_object);
        needed.is_some_and(|needed| !needed.is_empty())
    })
}

/// The file that node takes for a word: it may leave out `.js`, and a folder stands for its index.
fn script(folder: &Folder, word: &str) -> Option<String> {
    let word = word.trim_end_matches('/');
    [
        word.to_owned(),
        format!("{word}.js"),
        format!("{word}/index.js"),
    ]
    .into_iter()
    .find(|file| folder.is_file(file))
}

/// `node server.js` with the script named from the folder of the file.
fn placed(folder: &Folder, command: &str) -> String {
    let words = command.split_whitespace();
    let words = words.map(|word| match script(folder, word) {
        Some(file) => folder.named(&file),
        None => folder.placed(word),
    });
    words.collect::<Vec<_>>().join(" ")
}
