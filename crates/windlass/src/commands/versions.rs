//! The versions of a service that its deployments have brought: which one is meant by its beginning, and which
//! have ended.

use std::collections::BTreeSet;

use windlass_api::{DeploymentView, EnvironmentView, Exit};
use windlass_model::{ServiceName, Version};

use super::logs::SERVICE;
use crate::diagnostic::Diagnostic;
use crate::ui::words::{harmless, listed};

/// Newest deployments of an application in an environment whose output is kept though it has ended.
const KEPT: usize = 10;

/// Versions that a line names; more are counted.
const NAMED: usize = 5;

/// Characters that stand for a longer version, at least: fewer are those of many a digest.
const BEGINNING: usize = 4;

/// What is known of one service's versions.
pub(super) struct Versions {
    service: String,
    /// Those that run, and the one that was deployed last: their output is shown without being asked for.
    shown: BTreeSet<Version>,
    /// Those that deployments have brought, the newest first, each once.
    brought: Vec<Version>,
    /// How many of these may have left output that is still there.
    kept: usize,
}

impl Versions {
    /// Of the service in this environment, by what was deployed there, the newest first.
    pub(super) fn of(view: &EnvironmentView, service: &str, past: &[DeploymentView]) -> Self {
        let is_it = |name: &ServiceName| name.as_str() == service;
        let mut versions = Self {
            service: service.to_owned(),
            shown: BTreeSet::new(),
            brought: Vec::new(),
            kept: 0,
        };
        let now = view.services.iter().find(|(name, _)| is_it(name));
        if let Some((_, now)) = now {
            let slots = [&now.stable, &now.candidate, &now.standby, &now.failed];
            let slots = slots.into_iter().flatten();
            versions
                .shown
                .extend(slots.map(|slot| slot.version.clone()));
        }
        let here = |it: &&DeploymentView| it.app == view.app && it.environment == view.environment;
        let here = past.iter().filter(here);
        let parts = here.enumerate().filter_map(|(at, it)| {
            let mut parts = it.rollouts.iter();
            Some((at, parts.find(|(name, _)| is_it(name))?.1))
        });
        for (at, part) in parts {
            if versions.brought.is_empty() {
                versions.shown.insert(part.to.clone());
            }
            if !versions.brought.contains(&part.to) {
                versions.brought.push(part.to.clone());
                if at < KEPT {
                    versions.kept = versions.brought.len();
                }
            }
        }
        versions
    }

    /// The whole version that `typed` stands for: itself, or the only one that begins so where enough of it is
    /// typed. What nobody knows is
    /// left for the controller to refuse, which says what is there.
    pub(super) fn meant(&self, typed: &str) -> Result<String, Diagnostic> {
        meant(self.known(), typed, &self.service)
    }

    fn known(&self) -> impl Iterator<Item = &Version> {
        self.shown.iter().chain(&self.brought)
    }

    /// What has ended, and is not among what is shown where nobody says whose output is meant; none where
    /// nothing is left out.
    pub(super) fn not_shown(&self) -> Option<String> {
        let kept = self.brought.iter().take(self.kept);
        let ended = kept.filter(|version| !self.shown.contains(version));
        let mut ended: Vec<String> = ended.map(|version| harmless(&version.0)).collect();
        let first = ended.first()?.clone();
        let more = ended.len().saturating_sub(NAMED);
        if more > 0 {
            ended.truncate(NAMED);
            ended.push(format!("and {more} more"));
        }
        let (ended, service) = (listed(&ended), &self.service);
        Some(format!(
            "ended, and not shown: {ended}; to see what one of them printed: windlass logs {service} --version {first}"
        ))
    }
}

/// The same among the versions of all services of an application.
pub(super) fn meant_in(
    view: &EnvironmentView,
    past: &[DeploymentView],
    typed: &str,
) -> Result<String, Diagnostic> {
    let services = view.services.keys();
    let all = services.map(|service| Versions::of(view, service.as_str(), past));
    let all: Vec<Versions> = all.collect();
    let known = all.iter().flat_map(Versions::known);
    meant(known, typed, view.app.as_str())
}

fn meant<'v>(
    known: impl Iterator<Item = &'v Version>,
    typed: &str,
    whose: &str,
) -> Result<String, Diagnostic> {
    let begun = known.filter(|version| version.0.starts_with(typed));
    let begun: BTreeSet<&str> = begun.map(|version| version.0.as_str()).collect();
    let begun: Vec<&str> = begun.into_iter().collect();
    let is_enough = typed.chars().count() >= BEGINNING;
    match begun.as_slice() {
        begun if begun.is_empty() || begun.contains(&typed) => Ok(typed.to_owned()),
        [only] if is_enough => Ok((*only).to_owned()),
        begun => {
            let what = if is_enough {
                format!("several versions of {whose} begin with {typed}")
            } else {
                format!(
                    "no version of {whose} is {typed}, and {typed} is too short to be the beginning of one"
                )
            };
            let most = begun.iter().take(NAMED);
            let mut most: Vec<String> = most.map(|one| harmless(one)).collect();
            let more = begun.len().saturating_sub(NAMED);
            most.extend((more > 0).then(|| format!("and {more} more")));
            let most = listed(&most);
            let hint = if is_enough {
                format!("write more of one of them: {most}")
            } else {
                format!("write at least {BEGINNING} characters, or all of it; so begin: {most}")
            };
            let refused = Diagnostic::new(Exit::Usage, what);
            Err(refused.code(SERVICE).hint(hint))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    /// What is known of `auth` after these versions of it, the newest first.
    fn after(versions: &[&str]) -> Versions {
        let mut view = sample::environment();
        let auth = view.services.get_mut(&sample::service("auth"));
        let auth = auth.expect("a service");
        (auth.standby, auth.candidate) = (None, None);
        let past = versions.iter().map(|version| {
            let mut it = sample::deployment("dep_01k0a");
            let part = it.rollouts.get_mut(&sample::service("auth"));
            part.expect("a service").to = Version((*version).to_owned());
            it
        });
        Versions::of(&view, "auth", &past.collect::<Vec<_>>())
    }

    #[test]
    fn a_version_is_meant_by_the_beginning_that_only_it_has() {
        let known = after(&["1.4.2", "b3f10c", "b3f1d0", "1.4"]);
        let meant = |typed| known.meant(typed).map_err(|refused| refused.hint);
        assert_eq!(meant("b3f10"), Ok("b3f10c".to_owned()));
        assert_eq!(meant("1.4"), Ok("1.4".to_owned()), "itself");
        assert_eq!(meant("9"), Ok("9".to_owned()), "it is refused elsewhere");
        let hint = "write more of one of them: b3f10c, b3f1d0";
        assert_eq!(meant("b3f1"), Err(Some(hint.to_owned())));
    }

    #[test]
    fn a_character_or_two_stand_for_no_version_but_one_that_is_called_so() {
        let known = after(&["9ab1c2d3e4", "7"]);
        assert_eq!(known.meant("7"), Ok("7".to_owned()));
        let refused = known.meant("9ab").expect_err("it is too short");
        insta::assert_snapshot!(refused.summary, @"no version of auth is 9ab, and 9ab is too short to be the beginning of one");
        insta::assert_snapshot!(refused.hint.expect("a hint"), @"write at least 4 characters, or all of it; so begin: 9ab1c2d3e4");
        assert_eq!(known.meant("9ab1"), Ok("9ab1c2d3e4".to_owned()));
    }

    #[test]
    fn what_has_ended_is_named_with_the_command_that_shows_it() {
        assert_eq!(after(&["1.4.2", "1.4.2"]).not_shown(), None);
        let told = after(&["1.5.0", "1.4.2", "1.4.1", "1.4.0", "1.4.1"]).not_shown();
        insta::assert_snapshot!(told.expect("two have ended"), @"ended, and not shown: 1.4.1, 1.4.0; to see what one of them printed: windlass logs auth --version 1.4.1");
        let many: Vec<String> = (0..20).map(|number| format!("0.{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let told = after(&many).not_shown().expect("many have ended");
        assert!(
            told.contains("0.1, 0.2, 0.3, 0.4, 0.5, and 4 more;"),
            "{told}"
        );
    }
}
