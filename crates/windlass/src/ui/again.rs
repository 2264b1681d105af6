//! Options that the next command needs again.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::CommandFactory as _;
use windlass_client::Remote;
use windlass_model::EnvironmentName;

use crate::arguments::{Arguments, Global};
use crate::commands;
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
    /// The file, with a space behind it, where it must be named.
    file: String,
    /// The same of where the controller is.
    place: String,
    /// The same of the environment, which a hint may name itself.
    environment: String,
    /// The versions that were given by hand, with a space before them.
    versions: String,
    /// Whether a controller elsewhere is meant.
    elsewhere: bool,
}

impl Again {
    /// What was given to this run. What a variable says need not be typed.
    pub(crate) fn of(global: &Global) -> Self {
        let mut again = Self::with(global, |name| std::env::var_os(name));
        if global.file.as_deref().is_some_and(commands::is_found) {
            again.file.clear();
        }
        again
    }

    fn with(global: &Global, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let mut place = String::new();
        let option = |name: &str, value: &str| format!("{name} {} ", quoted(value));
        let mut add = |name: &str, value: &str| place.push_str(&option(name, value));
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
        let file = global.file.as_deref().map(Path::to_string_lossy);
        Self {
            file: file.map_or_else(String::new, |file| option("-f", &file)),
            place,
            environment: environment.map_or_else(String::new, |name| option(ENVIRONMENT, name)),
            versions: String::new(),
            elsewhere: global.server.is_some(),
        }
    }

    /// The same with versions that this run was given: without them the next deployment would be of others.
    pub(crate) fn with_versions(self, set: &[(String, String)]) -> Self {
        let words = set.iter().map(|(service, version)| {
            let assigned = quoted(&format!("{service}={version}"));
            format!(" {SET} {assigned}")
        });
        Self {
            versions: words.collect(),
            ..self
        }
    }

    /// The same for what is about a deployment of this environment, whatever this run was given: its id alone
    /// says where it is, and the next command may have none.
    pub(crate) fn in_environment(self, environment: &EnvironmentName) -> Self {
        let is_default = *environment == EnvironmentName::default_environment();
        let named = || format!("{ENVIRONMENT} {environment} ");
        Self {
            environment: if is_default { String::new() } else { named() },
            ..self
        }
    }

    /// The text with the options in each `windlass VERB` that it needs.
    pub(crate) fn repeat(&self, text: &str) -> String {
        if [&self.file, &self.place, &self.environment, &self.versions]
            .into_iter()
            .all(String::is_empty)
        {
            return text.to_owned();
        }
        let verbs = Arguments::command();
        let asked = |command| {
            let (verb, rest) = verb_of(command);
            let is_verb = verbs
                .get_subcommands()
                .any(|known| known.get_name() == verb);
            is_verb.then(|| self.needed(verb, rest))
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
            let needed = asked(piece).map(|(options, environment)| options + environment);
            let needed = needed.or_else(|| Some(asked(after_environment(piece)?)?.0));
            whole.extend(needed.filter(|_| begins));
            let (verb, rest) = piece.split_at(
                self.verb_with_versions(piece)
                    .filter(|_| begins)
                    .unwrap_or(0),
            );
            if !verb.is_empty() {
                whole.push_str(verb);
                whole.push_str(&self.versions);
            }
            whole.push_str(rest);
        }
        whole
    }

    /// Where the verb of a command ends that means what the file says, and these versions of it.
    fn verb_with_versions(&self, piece: &str) -> Option<usize> {
        let command = after_environment(piece).unwrap_or(piece);
        let (verb, rest) = verb_of(command);
        let is_meant =
            TAKES_VERSIONS.contains(&verb) && !rest.starts_with("--plan") && !rest.starts_with(SET);
        let end = piece.len() - command.len() + verb.len();
        (is_meant && !self.versions.is_empty()).then_some(end)
    }

    /// What a verb needs again, the environment apart.
    fn needed(&self, verb: &str, rest: &str) -> (String, &str) {
        let is_named = NAMED.iter().any(|named| rest.starts_with(named));
        let reads_file = READS_FILE.contains(&verb) && !is_named;
        // On the controller's own machine where it is says nothing.
        let is_for_there = self.elsewhere && elsewhere::ON_ITS_MACHINE.contains(&verb);
        let asks = !is_for_there && !ASKS_NOBODY.contains(&verb);
        let has_places = reads_file && verb != "init" || verb == "list";
        let given = |is_needed: bool, option| if is_needed { option } else { "" };
        let file = given(reads_file, self.file.as_str());
        let place = given(asks, self.place.as_str());
        let environment = given(has_places, self.environment.as_str());
        ([file, place].concat(), environment)
    }
}

/// What follows a verb that means no application: a deployment or a plan by its name, or all that runs.
const NAMED: [&str; 5] = ["dep_", "ID", "--plan", "--adopt", "--all"];

/// Verbs that ask no controller and look at no state.
const ASKS_NOBODY: [&str; 11] = [
    "analyze",
    "completions",
    "docs",
    "explain",
    "init",
    "man",
    "report",
    "schema",
    "shim",
    "validate",
    "version",
];

/// Verbs that mean the application of the file, and its environment, unless a deployment is named.
const READS_FILE: [&str; 19] = [
    "abort", "deploy", "down", "events", "finalize", "hold", "init", "logs", "plan", "promote",
    "remove", "repair", "resume", "retry", "rollback", "score", "show", "status", "validate",
];

/// Verbs that read what the file says to deploy it.
const TAKES_VERSIONS: [&str; 2] = ["deploy", "plan"];

/// The option that gives the version of a service.
const SET: &str = "--set";

/// The first word of a command, and what follows it.
fn verb_of(command: &str) -> (&str, &str) {
    let end = command.find(|c: char| !c.is_ascii_lowercase() && c != '-');
    let (verb, rest) = command.split_at(end.unwrap_or(command.len()));
    (verb, rest.trim_start())
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
pub(crate) fn quoted(value: &str) -> String {
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
             then windlass --state-dir '/srv/a b' retry dep_1"
        );
    }

    #[test]
    fn a_command_gets_the_options_that_it_needs_and_no_other() {
        let again = again(
            &[
                "-f",
                "my shop.yaml",
                "--state-dir",
                "/srv/a",
                "-e",
                "staging",
            ],
            None,
        );
        for (hint, typed) in [
            (
                "deploy",
                "-f 'my shop.yaml' --state-dir /srv/a -e staging deploy",
            ),
            (
                "deploy --plan plan_1",
                "--state-dir /srv/a deploy --plan plan_1",
            ),
            (
                "show",
                "-f 'my shop.yaml' --state-dir /srv/a -e staging show",
            ),
            ("show dep_1 --why", "--state-dir /srv/a show dep_1 --why"),
            ("repair --adopt", "--state-dir /srv/a repair --adopt"),
            ("status --all", "--state-dir /srv/a status --all"),
            (
                "-e production status --all",
                "--state-dir /srv/a -e production status --all",
            ),
            ("list", "--state-dir /srv/a -e staging list"),
            ("router status", "--state-dir /srv/a router status"),
            ("doctor", "--state-dir /srv/a doctor"),
            ("validate", "-f 'my shop.yaml' -e staging validate"),
            ("explain WL0042", "explain WL0042"),
            ("docs back-up", "docs back-up"),
        ] {
            let hint = format!("windlass {hint}");
            assert_eq!(again.repeat(&hint), format!("windlass {typed}"));
        }
    }

    #[test]
    fn what_was_to_be_deployed_is_deployed_again_in_the_same_versions() {
        let set = |text: &str| ("legacy".to_owned(), text.to_owned());
        let legacy = again(&["-e", "staging"], None).with_versions(&[set("3")]);
        assert_eq!(
            legacy.repeat(
                "windlass logs legacy, mend it, then: windlass deploy (the same once more: windlass retry dep_1)"
            ),
            "windlass -e staging logs legacy, mend it, then: windlass -e staging deploy --set legacy=3 (the same \
             once more: windlass retry dep_1)"
        );
        let other = Again::default().with_versions(&[set("3 b")]);
        for (hint, typed) in [
            ("plan", "plan --set 'legacy=3 b'"),
            (
                "-e production deploy",
                "-e production deploy --set 'legacy=3 b'",
            ),
            ("deploy --plan plan_1", "deploy --plan plan_1"),
            ("deploy --set web=2", "deploy --set web=2"),
            ("rollback", "rollback"),
        ] {
            let hint = format!("windlass {hint}");
            assert_eq!(other.repeat(&hint), format!("windlass {typed}"));
        }
    }

    #[test]
    fn what_is_about_a_deployment_means_its_environment_whatever_was_given() {
        let about = |again: Again, name: &str| {
            let again = again.in_environment(&EnvironmentName::new(name).unwrap());
            again.repeat("windlass logs web, then: windlass retry dep_1")
        };
        let given = || again(&["-e", "staging"], None);
        let named = "windlass -e production logs web, then: windlass retry dep_1";
        assert_eq!(about(Again::default(), "production"), named);
        assert_eq!(about(given(), "production"), named);
        let unnamed = "windlass logs web, then: windlass retry dep_1";
        assert_eq!(about(given(), "default"), unnamed);
    }

    #[test]
    fn what_is_whole_already_stays_as_it_is() {
        let words = ["-f", "a b.yaml", "--state-dir", "/srv/a", "-e", "staging"];
        let again = again(&words, None).with_versions(&[("web".to_owned(), "3".to_owned())]);
        for text in [
            "windlass deploy",
            "windlass logs web",
            "windlass -e production plan",
        ] {
            let whole = again.repeat(text);
            assert_eq!(again.repeat(&whole), whole);
        }
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
