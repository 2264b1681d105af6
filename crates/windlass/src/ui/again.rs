//! Options that the next command needs again.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::CommandFactory as _;
use windlass_client::Remote;

use crate::arguments::{Arguments, Global};
use crate::elsewhere;

/// The variable that says where state is.
const STATE_DIR: &str = "WINDLASS_STATE_DIR";

/// The variable that says where the controller is.
const SERVER: &str = "WINDLASS_SERVER";

/// The variable that says whose certificates are trusted there.
const CA: &str = "WINDLASS_CA";

/// What whoever types a hint must repeat to mean the same installation and environment. Every hint
/// passes here, whoever made it: none needs to know how this command was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Again {
    /// With a space behind it, where there is any.
    options: String,
    /// The same of the environment, which a hint may name itself.
    environment: String,
    /// Whether a controller elsewhere is meant.
    elsewhere: bool,
}

impl Again {
    /// What was given to this run. What a variable says need not be typed.
    pub(crate) fn of(global: &Global) -> Self {
        Self::with(global, |name| std::env::var_os(name))
    }

    fn with(global: &Global, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let mut options = String::new();
        let option = |name: &str, value: &str| format!("{name} {} ", quoted(value));
        let mut add = |name: &str, value: &str| options.push_str(&option(name, value));
        if let Some(file) = &global.file {
            add("-f", &file.to_string_lossy());
        }
        let state_dir = global.state_dir.as_deref().map(Path::as_os_str);
        let server = global.server.as_deref().map(OsStr::new);
        let ca = global.ca.as_deref().map(Path::as_os_str);
        for (option, name, value) in [
            (
                "--state-dir",
                STATE_DIR,
                state_dir.filter(|_| server.is_none()),
            ),
            ("--server", SERVER, server),
            ("--ca", CA, ca.filter(|_| server.is_some())),
        ] {
            if let Some(value) = value.filter(|_| value != variable(name).as_deref()) {
                let value = value.to_string_lossy();
                match name {
                    SERVER => add(option, Remote::shown(&value)),
                    _ => add(option, &value),
                }
            }
        }
        let environment = global.environment.as_deref();
        Self {
            options,
            environment: environment.map_or_else(String::new, |name| option(ENVIRONMENT, name)),
            elsewhere: global.server.is_some(),
        }
    }

    /// The text with the options in each `windlass VERB`.
    pub(crate) fn repeat(&self, text: &str) -> String {
        if self.options.is_empty() && self.environment.is_empty() {
            return text.to_owned();
        }
        let verbs = Arguments::command();
        let is_verb = |rest: &str| {
            let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '-');
            let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            // On the controller's own machine these options say nothing.
            let is_for_there = self.elsewhere && elsewhere::ON_ITS_MACHINE.contains(&word);
            !is_for_there && verbs.get_subcommands().any(|verb| verb.get_name() == word)
        };
        let mut pieces = text.split(NAME);
        let mut whole = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            // At the end of a longer name it is no command.
            let begins = whole
                .chars()
                .next_back()
                .is_none_or(|c| !c.is_alphanumeric() && c != '/');
            whole.push_str(NAME);
            if begins && is_verb(piece) {
                whole.push_str(&self.options);
                whole.push_str(&self.environment);
            } else if begins && after_environment(piece).is_some_and(is_verb) {
                whole.push_str(&self.options);
            }
            whole.push_str(piece);
        }
        whole
    }
}

/// What a command begins with.
const NAME: &str = "windlass ";

/// The option that says which environment is meant.
const ENVIRONMENT: &str = "-e";

/// What follows of a command that names its environment itself.
fn after_environment(piece: &str) -> Option<&str> {
    let named = piece.strip_prefix(ENVIRONMENT)?.strip_prefix(' ')?;
    Some(named.split_once(' ')?.1)
}

/// One word of a shell.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%=,".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    let escaped = value.replace('\'', "'\\''");
    format!("'{escaped}'")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn again(words: &[&str], variable: Option<&str>) -> Again {
        let words = ["windlass", "status"]
            .into_iter()
            .chain(words.iter().copied());
        let arguments = Arguments::try_parse_from(words).unwrap();
        Again::with(&arguments.global, |_name| variable.map(OsString::from))
    }

    #[test]
    fn a_hint_repeats_what_was_given() {
        let again = again(&["--state-dir", "/srv/a b", "-e", "staging"], None);
        assert_eq!(
            again.repeat("windlass logs web, then windlass retry dep_1"),
            "windlass --state-dir '/srv/a b' -e staging logs web, \
             then windlass --state-dir '/srv/a b' -e staging retry dep_1"
        );
    }

    #[test]
    fn a_hint_about_another_environment_keeps_its_own() {
        let again = again(&["--state-dir", "/srv/a", "-e", "staging"], None);
        assert_eq!(
            again.repeat("windlass -e production rollback web"),
            "windlass --state-dir /srv/a -e production rollback web"
        );
    }

    #[test]
    fn only_commands_are_changed() {
        let again = again(&["-e", "staging"], None);
        for text in [
            "windlass 0.1.0",
            "windlass in production",
            "a windlass.yaml",
            "my-windlass status",
        ] {
            let expected = text.replace("my-windlass status", "my-windlass -e staging status");
            assert_eq!(again.repeat(text), expected);
        }
        assert_eq!(
            again.repeat("/usr/bin/windlass serve"),
            "/usr/bin/windlass serve"
        );
    }

    #[test]
    fn what_is_done_on_the_controllers_machine_is_typed_there() {
        let again = again(&["--server", "https://ops.example"], None);
        assert_eq!(
            again.repeat("make one: windlass token create, then windlass list"),
            "make one: windlass token create, then windlass --server https://ops.example list"
        );
    }

    #[test]
    fn no_hint_repeats_what_may_be_a_secret() {
        let again = again(
            &["--server", "https://mira:secret@ops.example/?token=secret"],
            None,
        );
        assert_eq!(
            again.repeat("windlass list"),
            "windlass --server ops.example/ list"
        );
    }

    #[test]
    fn what_a_variable_says_is_not_repeated() {
        let same = again(&["--state-dir", "/srv/a"], Some("/srv/a"));
        assert_eq!(same.repeat("windlass list"), "windlass list");
        let other = again(&["--state-dir", "/srv/a"], Some("/srv/b"));
        assert_eq!(
            other.repeat("windlass list"),
            "windlass --state-dir /srv/a list"
        );
    }
}
