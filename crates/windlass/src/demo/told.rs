//! What came of the story: what `-o json` prints, and what is judged by it.

use serde::Serialize;
use windlass_load::Counts;
use windlass_model::Outcome;

use super::proof::Counted;
use crate::ui::words;

/// How it went.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Told {
    /// The acts, in order.
    pub(crate) acts: Vec<Act>,
    /// Three counts of the same requests.
    pub(crate) ledgers: Vec<Counted>,
    /// From the first deployment to the last count.
    pub(crate) elapsed_ms: u64,
    /// Whether every act ended as told, without a failed request, and the counts agree.
    pub(crate) ok: bool,
    /// Each switch, with its time.
    #[serde(skip)]
    pub(crate) switches: Vec<Switch>,
}

/// One act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Act {
    /// `go_live`, `canary`, `controller_killed` or `bad_release`.
    pub(crate) name: &'static str,
    /// `promoted` or `rolled_back`.
    pub(crate) outcome: &'static str,
    /// Requests sent while it played.
    pub(crate) requests: u64,
    /// Requests without a good answer, but for those of the next field.
    pub(crate) failed_requests: u64,
    /// Answers with 5xx whose chain names the bad release.
    pub(crate) errors_from_bad_release: u64,
    /// Answers that the bad release gave until it was taken back; none where there is none.
    pub(crate) detected_after_requests: Option<u64>,
    /// From its first bad answer to its last.
    pub(crate) restored_ms: Option<u64>,
}

/// What an act is, and how it must end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Script {
    pub(crate) name: &'static str,
    /// What it is about.
    pub(crate) opening: &'static str,
    /// What is deployed.
    pub(crate) version: &'static str,
    /// How it ends.
    pub(crate) outcome: Outcome,
    /// Whether the controller is killed in its course.
    pub(crate) killed: bool,
    /// The service that answers errors.
    pub(crate) bad: Option<&'static str>,
}

/// The whole story.
pub(crate) const SCRIPTS: [Script; 4] = [
    Script {
        name: "go_live",
        opening: "Act 1. Version 1 goes live: providers before consumers.",
        version: "1",
        outcome: Outcome::Promoted,
        killed: false,
        bad: None,
    },
    Script {
        name: "canary",
        opening: "Act 2. Version 2 follows as a canary, 5 → 25 → 100 %, service by service.",
        version: "2",
        outcome: Outcome::Promoted,
        killed: false,
        bad: None,
    },
    Script {
        name: "controller_killed",
        opening: "Act 3. Version 3 likewise, but somebody kills the controller on the way.",
        version: "3",
        outcome: Outcome::Promoted,
        killed: true,
        bad: None,
    },
    Script {
        name: "bad_release",
        opening: "Act 4. Version 4: its api is ready, and answers nothing but errors.",
        version: "4",
        outcome: Outcome::RolledBack,
        killed: false,
        bad: Some("api"),
    },
];

impl Script {
    /// The bad release as a link of the version chain.
    pub(crate) fn bad_link(&self) -> Option<String> {
        self.bad
            .map(|service| format!("{service}={}", self.version))
    }

    /// The act, from what the client saw in it; `whole` is what it saw in the whole story.
    pub(crate) fn act(&self, outcome: Outcome, seen: &Counts, whole: &Counts) -> Act {
        let bad = self.bad_link().map(|link| Bad::of(&link, whole));
        let errors = bad.as_ref().map_or(0, |bad| bad.errors);
        Act {
            name: self.name,
            outcome: words::outcome_word(outcome),
            requests: seen.sent,
            failed_requests: seen.failed.saturating_sub(errors),
            errors_from_bad_release: errors,
            detected_after_requests: bad.as_ref().map(|bad| bad.answers),
            restored_ms: bad.and_then(|bad| bad.lasted_ms),
        }
    }

    /// What is wrong with how it went.
    pub(crate) fn troubles(&self, act: &Act) -> Vec<String> {
        let mut troubles = Vec::new();
        let wanted = words::outcome_word(self.outcome);
        if act.outcome != wanted {
            troubles.push(format!("{} is {}, not {wanted}", self.name, act.outcome));
        }
        if act.requests == 0 {
            troubles.push(format!("{} saw no request", self.name));
        }
        if act.failed_requests > 0 {
            let count = words::counted(
                usize::try_from(act.failed_requests).unwrap_or(usize::MAX),
                "request",
            );
            troubles.push(format!("{count} failed in {}", self.name));
        }
        if self.bad.is_some() && act.errors_from_bad_release == 0 {
            troubles.push(format!("{}: the bad release never answered", self.name));
        }
        troubles
    }
}

/// What the client saw of a bad release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bad {
    /// Its answers.
    answers: u64,
    /// Those with 5xx.
    errors: u64,
    /// From the first of them to the last.
    lasted_ms: Option<u64>,
}

impl Bad {
    fn of(link: &str, counts: &Counts) -> Self {
        let chains = counts.by_chain.iter();
        let named = chains.filter(|(chain, _)| chain.split(',').any(|found| found == link));
        let mut bad = Self::default();
        let (mut first, mut last) = (None::<u64>, None::<u64>);
        for (_, seen) in named {
            bad.answers += seen.total();
            bad.errors += seen.server_errors;
            first = first.into_iter().chain(seen.first_bad_ms).min();
            last = last.max(seen.last_bad_ms);
        }
        bad.lasted_ms = first
            .zip(last)
            .map(|(first, last)| last.saturating_sub(first));
        bad
    }
}

/// One change of a service's split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Switch {
    pub(crate) service: String,
    pub(crate) version: String,
    /// The version's new share; none: back at the old one.
    pub(crate) to: Option<String>,
    /// Milliseconds from the beginning of the story.
    pub(crate) at_ms: u64,
}

impl Told {
    /// Requests of all acts.
    pub(crate) fn requests(&self) -> u64 {
        self.acts.iter().map(|act| act.requests).sum()
    }

    /// Those that failed, but for the errors of the bad release.
    pub(crate) fn failed(&self) -> u64 {
        self.acts.iter().map(|act| act.failed_requests).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_load::ChainCounts;

    fn chain(ok: u64, errors: u64, bad: Option<(u64, u64)>) -> ChainCounts {
        ChainCounts {
            ok,
            server_errors: errors,
            first_bad_ms: bad.map(|(first, _)| first),
            last_bad_ms: bad.map(|(_, last)| last),
            ..ChainCounts::default()
        }
    }

    fn counts() -> Counts {
        let chains = [
            ("web=3,api=3,auth=4", chain(50, 0, None)),
            ("web=3,api=4", chain(0, 4, Some((100, 400)))),
            ("web=4,api=4", chain(0, 2, Some((90, 350)))),
            ("web=3,api=41", chain(0, 9, Some((1, 900)))),
        ];
        let by_chain = chains.map(|(chain, seen)| (chain.to_owned(), seen)).into();
        Counts {
            sent: 70,
            failed: 7,
            by_chain,
            ..Counts::default()
        }
    }

    #[test]
    fn errors_of_the_bad_release_are_told_by_their_chain_and_are_no_failures() {
        let script = SCRIPTS
            .iter()
            .find(|script| script.bad.is_some())
            .expect("one");
        let act = script.act(Outcome::RolledBack, &counts(), &counts());
        assert_eq!((act.errors_from_bad_release, act.failed_requests), (6, 1));
        assert_eq!(act.detected_after_requests, Some(6));
        assert_eq!(act.restored_ms, Some(310));
        assert_eq!(script.troubles(&act), ["1 request failed in bad_release"]);
        let good = SCRIPTS[0].act(Outcome::Promoted, &counts(), &counts());
        assert_eq!((good.failed_requests, good.restored_ms), (7, None));
    }

    #[test]
    fn an_act_that_ends_otherwise_is_trouble() {
        let seen = Counts::default();
        for script in SCRIPTS {
            let act = script.act(Outcome::Failed, &seen, &seen);
            let troubles = script.troubles(&act);
            assert!(
                troubles.iter().any(|t| t.contains("is failed, not")),
                "{troubles:?}"
            );
            assert!(
                troubles.iter().any(|t| t.contains("saw no request")),
                "{troubles:?}"
            );
        }
    }
}
