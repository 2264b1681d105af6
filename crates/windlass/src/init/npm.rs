//! An npm project: what `npm start` runs.

use serde_json::Value;

use super::draft::{Guess, Served};
use super::folder::Folder;
use super::run::line;

/// What usually belongs to a release of such a project.
const PARTS: [&str; 12] = [
    "package.json",
    "package-lock.json",
    "node_modules",
    "src",
    "lib",
    "dist",
    "build",
    "public",
    "views",
    "server.js",
    "index.js",
    "app.js",
];

pub(super) fn service(folder: &Folder) -> Option<Guess> {
    let package: Value = serde_json::from_str(&folder.read("package.json")?).ok()?;
    let start = package
        .get("scripts")
        .and_then(|scripts| scripts.get("start"));
    let start = start.and_then(Value::as_str);
    let main = package.get("main").and_then(Value::as_str);
    let implied = || folder.has("server.js").then_some("server.js");
    let mut notes = Vec::new();
    // Straight to node, where that is all that it says: then there is no npm to pass signals on.
    let run = match (start, main.or_else(implied)) {
        (Some(script), _) if script.starts_with("node ") && !line(script).shell => {
            line(&placed(folder, script)).run
        }
        (Some(_), _) => {
            notes.push(
                "Starting the program itself is better: npm passes signals on late.".to_owned(),
            );
            "npm start".to_owned()
        }
        (None, Some(main)) => format!("node {}", folder.named(main)),
        (None, None) => return None,
    };
    if !folder.has("node_modules") {
        notes.push("Run `npm ci` first, and list ./node_modules below.".to_owned());
    }
    notes.push("PORT is in its environment.".to_owned());
    let name = package.get("name").and_then(Value::as_str).unwrap_or("web");
    Some(Guess {
        name: name.to_owned(),
        run,
        served: Served::Anywhere,
        files: files(folder),
        env: vec![("NODE_ENV".to_owned(), "production".to_owned())],
        notes,
        ..Guess::default()
    })
}

/// What of such a project is there.
pub(super) fn files(folder: &Folder) -> Vec<String> {
    folder.present(&PARTS)
}

/// `node server.js` with the script named from the folder of the file.
fn placed(folder: &Folder, script: &str) -> String {
    let words = script.split_whitespace();
    let words = words.map(|word| {
        if folder.has(word) && !word.starts_with('-') {
            folder.named(word)
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}
