//! A script that deploys by itself: it is wrapped, not started as a service.

use std::path::Path;

use super::draft::{Guess, name};
use super::folder::Folder;
use super::run::{quoted, word};
use super::script::{reads_arguments, runs};
use crate::ui::wide::{padded, wide};

/// Folders beside the file that often hold such scripts.
const PLACES: [&str; 4] = ["", "bin", "scripts", "script"];

/// Endings of scripts. Without any, its owner must be allowed to run it.
const ENDINGS: [&str; 6] = [".sh", ".bash", ".py", ".rb", ".pl", ".js"];

/// What a script that goes back is called.
const BACK: [&str; 3] = ["rollback", "revert", "undo"];

/// What is wrapped beside the script that deploys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wrapped {
    /// Says what is live, in the words that Windlass reads.
    status: Option<String>,
    /// Goes back.
    rollback: Option<String>,
    /// Whether it wants its flags.
    is_told_by_flags: bool,
    /// The script as it is called without arguments.
    script: String,
}

/// The likeliest of the scripts here that deploy.
pub(super) fn script(folder: &Folder) -> Option<String> {
    PLACES.iter().find_map(|place| {
        let mut all: Vec<String> = scripts(folder, place)
            .filter(|path| deploys(path))
            .collect();
        all.sort_by_key(|path| (stem(path) != "deploy", path.clone()));
        all.into_iter().next()
    })
}

/// Whether the name says that it deploys, or goes back: neither is a service.
pub(super) fn is_a_chore(path: &str) -> bool {
    deploys(path) || BACK.contains(&stem(path))
}

/// The service of such a script, which is called as the folder is.
pub(super) fn service(folder: &Folder) -> Option<Guess> {
    let path = script(folder)?;
    let text = folder.read(&path).unwrap_or_default();
    let script = runs_by_its_line(folder, &path, &text);
    let (run, told) = told(&script, &text);
    let speaks = text.contains("--status") && text.contains("\"state\"");
    let back = PLACES.iter().find_map(|place| {
        let mut all = scripts(folder, place);
        all.find(|path| BACK.contains(&stem(path)))
    });
    let back = back.map(|path| {
        let text = folder.read(&path).unwrap_or_default();
        runs_by_its_line(folder, &path, &text)
    });
    let wraps = Wrapped {
        status: speaks.then(|| format!("{script} --status")),
        rollback: back,
        is_told_by_flags: text.contains("--orchestrated"),
        script,
    };
    Some(Guess {
        name: folder.name(),
        run,
        notes: vec![
            format!(
                "Guessed: {path} deploys by itself, so it is run as it is: windlass docs wrap-a-script"
            ),
            told.to_owned(),
        ],
        wraps: Some(wraps),
        ..Guess::default()
    })
}

/// The scripts of a folder below, as they are named from here.
fn scripts(folder: &Folder, place: &str) -> impl Iterator<Item = String> {
    let below = if place.is_empty() {
        String::new()
    } else {
        format!("{place}/")
    };
    let all = folder.list(place).into_iter();
    all.map(move |name| format!("{below}{name}"))
        .filter(|path| {
            let known = ENDINGS.iter().any(|ending| path.ends_with(ending));
            let bare = Path::new(path).extension().is_none() && folder.is_executable(path);
            folder.is_file(path) && (known || bare)
        })
}

fn deploys(path: &str) -> bool {
    let mut words = stem(path).split(|c: char| !c.is_alphanumeric());
    let mut words = words.by_ref().filter(|word| !word.is_empty());
    let first = words.next();
    let last = words.last().or(first);
    first == Some("deploy") || last == Some("deploy")
}

fn stem(path: &str) -> &str {
    let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str());
    stem.unwrap_or_default()
}

/// The command that runs it: a shell script that may not be run itself, by the shell that its first line names.
fn runs_by_its_line(folder: &Folder, path: &str, text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    let ending = Path::new(path).extension();
    let bash = (first.starts_with("#!") && first.contains("bash"))
        || ending.is_some_and(|ending| ending == "bash");
    if bash && !folder.is_executable(path) {
        format!("bash {}", word(&folder.named(path)))
    } else {
        runs(folder, path)
    }
}

/// Its command with what tells it the version, and what was guessed about that.
fn told(script: &str, text: &str) -> (String, &'static str) {
    if text.contains("WINDLASS_VERSION") {
        (
            script.to_owned(),
            "It reads the version from WINDLASS_VERSION.",
        )
    } else if reads_arguments(text) {
        (
            format!("{script} ${{VERSION}}"),
            "It reads its arguments: look whether the version is the first of them.",
        )
    } else {
        (
            script.to_owned(),
            "Nothing in it was seen to read WINDLASS_VERSION, the version that must be live afterwards.",
        )
    }
}

impl Wrapped {
    /// The lines of the service below its name.
    pub(super) fn lines(&self, guess: &Guess) -> Vec<String> {
        let next = format!(
            "yours; the next one: windlass deploy --set {}=2",
            name(&guess.name)
        );
        let lines = [
            ("    release: { version: \"1\" }".to_owned(), next.as_str()),
            ("    target:".to_owned(), ""),
            ("      command:".to_owned(), ""),
            (
                format!("        deploy: {}", quoted(&guess.run)),
                "brings that version, then ends with 0",
            ),
            (
                option(
                    "status",
                    self.status.as_deref(),
                    &quoted(&format!("{} --status", self.script)),
                ),
                "prints {\"version\": \"1\", \"state\": \"live\"}; without it an end with 0 is believed",
            ),
            (
                option("rollback", self.rollback.as_deref(), "./rollback.sh"),
                "goes back; without it the deploy of the version before runs again",
            ),
            (option("within", None, "10m"), "how long one run may take"),
            (
                option("pass", self.is_told_by_flags.then_some("both"), "both"),
                "tells it by flags too where to report; without it by variables",
            ),
            (
                "    # bake: 2m".to_owned(),
                "how long a new version is watched; without it 30s",
            ),
        ];
        let said = lines.iter().filter(|(_, what)| !what.is_empty());
        let width = said.map(|(key, _)| wide(key)).max().unwrap_or(0);
        let line = |(key, what): &(String, &str)| match *what {
            "" => key.clone(),
            what => format!("{}   # {what}", padded(key, width)),
        };
        lines.iter().map(line).collect()
    }
}

/// A key with its value; as a comment where none is known.
fn option(key: &str, known: Option<&str>, example: &str) -> String {
    match known {
        Some(known) => format!("        {key}: {}", quoted(known)),
        None => format!("        # {key}: {example}"),
    }
}
