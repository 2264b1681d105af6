//! What happens outside of deployments: nobody asked for it, and no deployment tells of it.

use serde::{Deserialize, Serialize};

use crate::{
    AppName, DeploymentId, EnvironmentName, InstanceEnd, InstanceId, ServiceKey, ServiceName,
};

/// How long after the last one the same is still counted as once more. An hour: what crashes all night is
/// one row, and what comes back a day later is another.
pub const ONCE_MORE_WITHIN_US: i64 = 3_600_000_000;

/// Something that happened outside of a deployment, once or several times in a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happening {
    /// When it happened last, microseconds since 1970 UTC.
    pub at_us: i64,
    /// When the first of them happened.
    pub first_us: i64,
    /// How often.
    pub count: u32,
    /// When a controller found the last of them, where none was there to see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_us: Option<i64>,
    /// To which instance; none where it is about the router or a controller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<InstanceOf>,
    /// What.
    pub what: Happened,
    /// Who counted it and how far, where somebody does: whoever comes later knows what is noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reckoned: Option<Reckoned>,
}

/// How far a series of what is alike is noted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reckoned {
    /// What keeps the instance, or the life of the router; empty where there is none any more.
    pub by: String,
    /// When the series began, microseconds since 1970 UTC.
    pub since_us: i64,
    /// How many of it are noted.
    pub count: u32,
    /// Whether that is the last of it: nothing of the instance lived any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_over: bool,
}

/// What is the same of all happenings that count as the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gist {
    of: Option<InstanceOf>,
    what: Happened,
}

/// An instance, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InstanceOf {
    /// Of which service.
    pub service: ServiceKey,
    /// Which.
    pub instance: InstanceId,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "happened", rename_all = "snake_case")]
pub enum Happened {
    /// An instance that is to run ended by itself, or could not be started again by what keeps it. It is
    /// started again.
    InstanceEnded {
        /// How.
        end: InstanceEnd,
        /// The last lines that it printed; at most [`LAST_LINES`](crate::LAST_LINES).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        last_lines: Vec<String>,
    },
    /// An instance that had been ready, and lives, answers its readiness probe no more.
    InstanceUnready {
        /// What was seen last.
        saw: String,
    },
    /// Such an instance is ready again. Where nobody saw when, it was found at the time of the row.
    InstanceReadyAgain {
        /// When it had ceased to be, microseconds since 1970 UTC.
        since_us: i64,
    },
    /// An instance that nothing keeps any more could not be started again. It is tried further.
    InstanceNotStarted {
        /// What was seen last.
        why: String,
    },
    /// The router was gone, and another was started from the same table.
    RouterRestarted {
        /// How it ended.
        end: InstanceEnd,
    },
    /// The router was gone, and another could not be started. It is tried further.
    RouterNotStarted {
        /// What was seen last.
        why: String,
    },
    /// Another router answers, which no controller has started: it was upgraded, or somebody else started it
    /// again.
    RouterReplaced,
    /// A controller began.
    ControllerStarted {
        /// Whether the one before it had ended without a word: it died, or its machine did.
        after_death: bool,
        /// Then, the last time that the one before it is known to have written something.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_seen_us: Option<i64>,
    },
    /// A controller ended, because it was told to or because nothing was left to control.
    ControllerEnded,
    /// Somebody ended the services of an environment.
    TakenDown {
        /// The application.
        app: AppName,
        /// Its environment.
        environment: EnvironmentName,
        /// What ran and was ended.
        services: Vec<ServiceName>,
        /// The deployment that was stuck there, and ended with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stuck: Option<DeploymentId>,
        /// Who.
        by: String,
        /// Why, in their own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Somebody dropped what a deployment had left running.
    Finalized {
        /// Which deployment.
        deployment: DeploymentId,
        /// The application.
        app: AppName,
        /// Its environment.
        environment: EnvironmentName,
        /// The services of which something was dropped.
        services: Vec<ServiceName>,
        /// Who.
        by: String,
        /// Why, in their own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Somebody let go of a deployment whose journal is damaged.
    GivenUp {
        /// Which deployment.
        deployment: DeploymentId,
        /// Who.
        by: String,
        /// Why, in their own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Somebody had what runs written down as stable, since the journal was older than that.
    Adopted {
        /// Who.
        by: String,
        /// Why, in their own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Somebody halted every raise.
    Halted {
        /// Who.
        by: String,
        /// Why, in their own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Somebody ended a halt.
    HaltLifted {
        /// Who.
        by: String,
        /// Why, in their own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
}

impl Happened {
    /// Whether a person would want to know: all but a controller that comes and goes as it should.
    pub fn is_trouble(&self) -> bool {
        match self {
            Self::InstanceEnded { .. }
            | Self::InstanceUnready { .. }
            | Self::InstanceNotStarted { .. }
            | Self::RouterRestarted { .. }
            | Self::RouterNotStarted { .. }
            | Self::ControllerStarted {
                after_death: true, ..
            } => true,
            Self::InstanceReadyAgain { .. }
            | Self::RouterReplaced
            | Self::ControllerStarted {
                after_death: false, ..
            }
            | Self::ControllerEnded
            | Self::TakenDown { .. }
            | Self::Finalized { .. }
            | Self::GivenUp { .. }
            | Self::Adopted { .. }
            | Self::Halted { .. }
            | Self::HaltLifted { .. } => false,
        }
    }

    /// Whether the same again is counted rather than told once more: trouble, and its end.
    pub fn is_counted(&self) -> bool {
        self.is_trouble() || matches!(self, Self::InstanceReadyAgain { .. })
    }

    /// The environment that it is about, where it is about one but no instance of it.
    pub fn environment(&self) -> Option<(&AppName, &EnvironmentName)> {
        match self {
            Self::TakenDown {
                app, environment, ..
            }
            | Self::Finalized {
                app, environment, ..
            } => Some((app, environment)),
            _ => None,
        }
    }

    /// The same but for its words, which may say a time or a number each time anew.
    fn gist(&self) -> Self {
        match self {
            Self::InstanceEnded { end, .. } => Self::InstanceEnded {
                end: end_gist(end),
                last_lines: Vec::new(),
            },
            Self::RouterRestarted { end } => Self::RouterRestarted { end: end_gist(end) },
            Self::InstanceUnready { .. } => Self::InstanceUnready { saw: String::new() },
            Self::InstanceReadyAgain { .. } => Self::InstanceReadyAgain { since_us: 0 },
            Self::InstanceNotStarted { .. } => Self::InstanceNotStarted { why: String::new() },
            Self::RouterNotStarted { .. } => Self::RouterNotStarted { why: String::new() },
            Self::ControllerStarted { after_death, .. } => Self::ControllerStarted {
                after_death: *after_death,
                last_seen_us: None,
            },
            Self::RouterReplaced
            | Self::ControllerEnded
            | Self::TakenDown { .. }
            | Self::Finalized { .. }
            | Self::GivenUp { .. }
            | Self::Adopted { .. }
            | Self::Halted { .. }
            | Self::HaltLifted { .. } => self.clone(),
        }
    }
}

fn end_gist(end: &InstanceEnd) -> InstanceEnd {
    match end {
        InstanceEnd::NotStarted(_) => InstanceEnd::NotStarted(String::new()),
        InstanceEnd::NeverReady(_) => InstanceEnd::NeverReady(String::new()),
        InstanceEnd::Unready(_) => InstanceEnd::Unready(String::new()),
        InstanceEnd::Exited(_) | InstanceEnd::Killed(_) | InstanceEnd::Unknown => end.clone(),
    }
}

impl Happening {
    /// Something that happened once, and was seen.
    pub fn once(at_us: i64, of: Option<InstanceOf>, what: Happened) -> Self {
        Self {
            at_us,
            first_us: at_us,
            count: 1,
            found_us: None,
            of,
            what,
            reckoned: None,
        }
    }

    /// What is the same for all that count as the same.
    pub fn gist(&self) -> Gist {
        Gist {
            of: self.of.clone(),
            what: self.what.gist(),
        }
    }

    /// This one as one more of an earlier one with the same [`Happening::gist`]; as it is where that is too
    /// long ago, or not counted: who did what, and when a controller came and went, is told one by one. What
    /// is found may have happened before what is noted.
    #[must_use]
    pub fn once_more(mut self, earlier: &Self) -> Self {
        let between = self.first_us.saturating_sub(earlier.at_us);
        let between = between.max(earlier.first_us.saturating_sub(self.at_us));
        if self.what.is_counted() && between <= ONCE_MORE_WITHIN_US {
            self.first_us = self.first_us.min(earlier.first_us);
            self.count = self.count.saturating_add(earlier.count);
            if earlier.at_us > self.at_us {
                (self.at_us, self.found_us) = (earlier.at_us, earlier.found_us);
                self.what.clone_from(&earlier.what);
            }
        }
        self
    }

    /// Whether [`Happening::once_more`] has made one of both.
    pub fn holds(&self, earlier: &Self) -> bool {
        self.count > earlier.count && self.first_us <= earlier.first_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(at_us: i64, status: i32, line: &str) -> Happening {
        let what = Happened::InstanceEnded {
            end: InstanceEnd::Exited(status),
            last_lines: vec![line.to_owned()],
        };
        Happening::once(at_us, None, what)
    }

    #[test]
    fn the_same_within_an_hour_is_counted_and_its_last_words_are_kept() {
        let first = ended(10, 1, "at 12:01");
        let second = ended(20, 1, "at 12:02");
        assert_eq!(first.gist(), second.gist());
        let both = second.once_more(&first);
        assert_eq!((both.count, both.first_us, both.at_us), (2, 10, 20));
        assert!(both.holds(&first));
        let Happened::InstanceEnded { last_lines, .. } = &both.what else {
            panic!("still the same");
        };
        assert_eq!(last_lines, &["at 12:02"]);
    }

    #[test]
    fn what_is_found_later_and_happened_before_leaves_the_last_one_what_it_is() {
        let noted = ended(100, 1, "the last");
        let mut found = ended(50, 1, "before");
        found.found_us = Some(200);
        let both = found.once_more(&noted);
        assert_eq!((both.count, both.first_us, both.at_us), (2, 50, 100));
        assert_eq!((&both.what, both.found_us), (&noted.what, None));
        let long_ago = ended(noted.at_us - 1 - ONCE_MORE_WITHIN_US, 1, "");
        assert_eq!(long_ago.once_more(&noted).count, 1);
    }

    #[test]
    fn what_is_no_trouble_is_told_one_by_one() {
        let ended = |at_us| Happening::once(at_us, None, Happened::ControllerEnded);
        let (first, second) = (ended(10), ended(20));
        assert_eq!(first.gist(), second.gist());
        let second = second.once_more(&first);
        assert_eq!((second.count, second.first_us), (1, 20));
        assert!(!second.holds(&first));
    }

    #[test]
    fn what_comes_back_later_or_ends_otherwise_is_another() {
        let first = ended(10, 1, "");
        assert_ne!(first.gist(), ended(20, 2, "").gist());
        let late = ended(11 + ONCE_MORE_WITHIN_US, 1, "");
        let late = late.once_more(&first);
        assert_eq!((late.count, late.first_us), (1, late.at_us));
        assert!(!late.holds(&first));
    }
}
