//! A script that deploys by itself: it is wrapped, not started as a service.

use std::path::Path;

use super::asked::{Asked, Told, Way, asked};
use super::draft::{Guess, name};
use super::folder::Folder;
use super::run::{quoted, word};
use super::script::runs;
use crate::ui::wide::{padded, wide};

/// Folders beside the file that often hold such scripts.
const PLACES: [&str; 4] = ["", "bin", "scripts", "script"];

/// Endings of scripts. Without any, its owner must be allowed to run it.
const ENDINGS: [&str; 6] = [".sh", ".bash", ".py", ".rb", ".pl", ".js"];

/// What a script that goes back is called.
const BACK: [&str; 3] = ["rollback", "revert", "undo"];

/// What stands beside the lines of a target.
const SAYS_STATE: &str =
    "prints {\"version\": \"1\", \"state\": \"live\"}; without it an end with 0 is believed";
const KNOWS_STATUS: &str = "it knows this, and has to print {\"version\": \"1\", \"state\": \"live\"} first; without it an end with 0 is believed";
const NAMES_STATUS: &str = "it names this: look whether it prints {\"version\": \"1\", \"state\": \"live\"}; without it an end with 0 is believed";
const GOES_BACK: &str = "goes back; without it the deploy of the version before runs again";
const GOES_BACK_ITSELF: &str = "goes back, unless the script was changed since; without it the deploy of the version before runs again";
const MAY_GO_BACK: &str = "it names this: look what it wants, ${VERSION} is where it goes; without it the deploy of the version before runs again";

/// What is wrapped beside the script that deploys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wrapped {
    status: Line,
    rollback: Line,
    /// Whether it wants its flags.
    is_told_by_flags: bool,
}

/// A command of the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Line {
    /// The command, or an example of one.
    command: String,
    /// Whether it is what the script shows: else it is a comment, since a wrong guess would run.
    is_sure: bool,
    says: &'static str,
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
    let asked = asked(&path, &text);
    let run = std::iter::once(script.clone()).chain(asked.deploy.clone());
    let wraps = Wrapped {
        status: status(&script, &text, asked.status.as_ref()),
        rollback: rollback(folder, &script, asked.rollback.as_ref()),
        is_told_by_flags: text.contains("--orchestrated"),
    };
    Some(Guess {
        name: folder.name(),
        run: run.collect::<Vec<_>>().join(" "),
        notes: vec![
            format!(
                "Guessed: {path} deploys by itself, so it is run as it is: windlass docs wrap-a-script"
            ),
            told(&asked).to_owned(),
        ],
        wraps: Some(wraps),
        ..Guess::default()
    })
}

/// How it is asked what is live, where it answers in the words that Windlass reads.
fn status(script: &str, text: &str, way: Option<&Way>) -> Line {
    let quoted = ["\"state\"", "\\\"state\\\"", "'state'"];
    let speaks = quoted.iter().any(|state| text.contains(state));
    let (words, is_sure, says) = match way {
        Some(Way::Surely(words)) if speaks => (words.as_str(), true, SAYS_STATE),
        Some(Way::Surely(words)) => (words.as_str(), false, KNOWS_STATUS),
        Some(Way::Perhaps(words)) => (words.as_str(), false, NAMES_STATUS),
        None => ("--status", false, SAYS_STATE),
    };
    Line {
        command: format!("{script} {words}"),
        is_sure,
        says,
    }
}

/// How it goes back: by a script that is called so, else by what the one that deploys can be asked for.
fn rollback(folder: &Folder, script: &str, way: Option<&Way>) -> Line {
    let back = PLACES.iter().find_map(|place| {
        let mut all = scripts(folder, place);
        all.find(|path| BACK.contains(&stem(path)))
    });
    if let Some(path) = back {
        let text = folder.read(&path).unwrap_or_default();
        return Line {
            command: runs_by_its_line(folder, &path, &text),
            is_sure: true,
            says: GOES_BACK,
        };
    }
    let asked = |words: &str, is_sure, says| Line {
        command: format!("{script} {words}"),
        is_sure,
        says,
    };
    match way {
        Some(Way::Surely(words)) => asked(words, true, GOES_BACK_ITSELF),
        Some(Way::Perhaps(words)) => asked(words, false, MAY_GO_BACK),
        None => Line {
            command: "./rollback.sh".to_owned(),
            is_sure: false,
            says: GOES_BACK,
        },
    }
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

/// What was guessed about how it learns its version.
fn told(asked: &Asked) -> &'static str {
    match asked.told {
        Told::Variable => "It reads the version from WINDLASS_VERSION.",
        Told::Option => "It knows --version, so it is told the version by that.",
        Told::Argument if asked.deploy.len() > 1 => {
            "Its `deploy` takes something more: look whether that is the version."
        }
        Told::Argument => "It reads its arguments: look whether the version is the first of them.",
        Told::Unseen => {
            "Nothing in it was seen to read WINDLASS_VERSION, the version that must be live afterwards."
        }
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
            (self.status.under("status"), self.status.says),
            (self.rollback.under("rollback"), self.rollback.says),
            (
                "        # within: 10m".to_owned(),
                "how long one run may take",
            ),
            (
                if self.is_told_by_flags {
                    "        pass: both".to_owned()
                } else {
                    "        # pass: both".to_owned()
                },
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

impl Line {
    /// With its key; as a comment where it is not sure.
    fn under(&self, key: &str) -> String {
        let begin = if self.is_sure { "" } else { "# " };
        format!("        {begin}{key}: {}", quoted(&self.command))
    }
}
