//! What a script can be asked for, as far as its text shows: to go back, to say what is live. Where that is not
//! certain it is said so: a wrong guess would run.

mod python;
mod shell;
mod tokens;

use std::path::Path;

use super::script::reads_arguments;
use shell::Script;

/// What going back is called.
const BACK: [&str; 4] = ["rollback", "roll-back", "revert", "undo"];

/// What saying what is live is called.
const STATUS: [&str; 1] = ["status"];

/// What bringing a version is called.
const DEPLOY: &str = "deploy";

/// How it may be told the version.
const VERSION: &str = "--version";

/// A place for the version.
pub(super) const PLACE: &str = "${VERSION}";

/// How a script is asked for a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `--rollback`.
    Option,
    /// `rollback`, as the first argument.
    Verb,
}

impl Form {
    const ALL: [Self; 2] = [Self::Option, Self::Verb];

    fn of(self, word: &str) -> String {
        match self {
            Self::Option => format!("--{word}"),
            Self::Verb => word.to_owned(),
        }
    }
}

/// The arguments that ask for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Its text shows that these do.
    Surely(String),
    /// They may, or want something besides.
    Perhaps(String),
}

/// What is known of how it is told the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// By the variable that Windlass sets.
    Variable,
    /// By an option of its own.
    Option,
    /// By an argument, as it seems.
    Argument,
    /// In no way that is seen.
    Unseen,
}

/// What a script can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// The arguments with which it deploys.
    pub(super) deploy: Vec<String>,
    pub(super) told: Told,
    pub(super) rollback: Option<Way>,
    pub(super) status: Option<Way>,
}

/// What the script of this name and text can be asked for.
pub(super) fn asked(path: &str, text: &str) -> Asked {
    let read = Read::of(path, text);
    let verb = read.knows(Form::Verb, DEPLOY).is_some();
    let told = read.told(text, verb);
    let verb = verb.then(|| DEPLOY.to_owned());
    let version = match told {
        Told::Option => vec![VERSION.to_owned(), PLACE.to_owned()],
        Told::Argument => vec![PLACE.to_owned()],
        Told::Variable | Told::Unseen => Vec::new(),
    };
    Asked {
        deploy: verb.into_iter().chain(version).collect(),
        told,
        rollback: read.way(text, &BACK),
        status: read.way(text, &STATUS),
    }
}

/// A script, read as what it is written in.
enum Read<'t> {
    Shell(Script<'t>),
    Python(python::Script),
    /// What compares its arguments with texts, in any other language.
    Other(String),
}

impl<'t> Read<'t> {
    fn of(path: &str, text: &'t str) -> Self {
        let ending = Path::new(path).extension().and_then(|it| it.to_str());
        let first = text.lines().next().filter(|line| line.starts_with("#!"));
        let by = first.and_then(|line| {
            let words = line.trim_start_matches("#!").split_whitespace();
            let mut names = words.map(|word| word.rsplit('/').next().unwrap_or_default());
            names.find(|name| *name != "env" && !name.starts_with('-'))
        });
        match (ending, by.unwrap_or_default()) {
            (Some("sh" | "bash"), _) | (None, "sh" | "bash" | "dash" | "ksh" | "zsh") => {
                Self::Shell(Script::read(text))
            }
            (Some("py"), _) => Self::Python(python::Script::read(text)),
            (None, by) if by.starts_with("python") => Self::Python(python::Script::read(text)),
            _ => Self::Other(python::uncommented(text)),
        }
    }

    fn knows(&self, form: Form, word: &str) -> Option<Way> {
        match self {
            Self::Shell(script) => script.knows(form, word),
            Self::Python(script) => script.knows(form, word),
            Self::Other(text) => compares(text, &form.of(word)),
        }
    }

    /// What asks it for one of these words; what only names an option may.
    fn way(&self, text: &str, words: &[&str]) -> Option<Way> {
        let known = words.iter().flat_map(|word| {
            Form::ALL
                .into_iter()
                .filter_map(move |form| self.knows(form, word))
        });
        let known: Vec<Way> = known.collect();
        let sure = known.iter().find(|way| matches!(way, Way::Surely(_)));
        let named = || {
            let mut options = words.iter().map(|word| Form::Option.of(word));
            options.find(|option| names(text, option)).map(Way::Perhaps)
        };
        sure.or(known.first()).cloned().or_else(named)
    }

    fn told(&self, text: &str, has_verb: bool) -> Told {
        let by_argument = match self {
            Self::Shell(script) if has_verb => script.verb_takes_more(DEPLOY),
            Self::Shell(script) => script.wants_first(),
            Self::Python(script) => script.wants_version() || (!has_verb && script.reads_arguments),
            Self::Other(text) => !has_verb && reads_arguments(text),
        };
        let by_option = match self {
            Self::Shell(script) => script.takes_value(VERSION),
            Self::Python(script) => script.takes_value(VERSION),
            Self::Other(_) => false,
        };
        match (text.contains("WINDLASS_VERSION"), by_option, by_argument) {
            (true, _, _) => Told::Variable,
            (false, true, _) => Told::Option,
            (false, false, true) => Told::Argument,
            (false, false, false) => Told::Unseen,
        }
    }
}

/// Whether the option stands there, and not as a part of a longer one.
fn names(text: &str, option: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    text.match_indices(option).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + option.len()..).unwrap_or_default();
        !before.is_some_and(goes_on) && !after.starts_with(goes_on)
    })
}

/// Where the arguments of a program are compared with a text, or looked through for it.
fn compares(text: &str, said: &str) -> Option<Way> {
    const FIRST: [&str; 3] = ["sys.argv[1]", "process.argv[2]", "ARGV[0]"];
    const HAS: [&str; 2] = ["process.argv.includes(", "ARGV.include?("];
    // Who takes another one, or all that follow, may want it with this one.
    const MORE: [&str; 7] = [
        "sys.argv[2",
        "argv[2:",
        "process.argv[3",
        "argv.slice(3",
        "ARGV[1",
        "ARGV.shift",
        "ARGV.drop",
    ];
    let quoted = ["\"", "'"].map(|quote| [quote, said, quote].concat());
    let found = quoted.iter().any(|said| {
        let first = FIRST
            .iter()
            .flat_map(|first| ["==", "==="].map(|sign| [*first, " ", sign, " ", said].concat()));
        let has = HAS.iter().map(|has| [has, said.as_str()].concat());
        let within = std::iter::once([said, " in sys.argv"].concat());
        let mut all = first.chain(has).chain(within);
        all.any(|shown| text.contains(&shown))
    });
    let takes_more = MORE.iter().any(|more| text.contains(more));
    let way = if takes_more {
        Way::Perhaps
    } else {
        Way::Surely
    };
    found.then(|| way(said.to_owned()))
}

#[cfg(test)]
mod tests;
