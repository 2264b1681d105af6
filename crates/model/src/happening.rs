//! What happens outside of deployments: nobody asked for it, and no deployment tells of it.

use serde::{Deserialize, Serialize};

use crate::{AppName, EnvironmentName, InstanceEnd, InstanceId, ServiceKey, ServiceName};

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
            | Self::InstanceNotStarted { .. }
            | Self::RouterRestarted { .. }
            | Self::RouterNotStarted { .. }
            | Self::ControllerStarted {
                after_death: true, ..
            } => true,
            Self::RouterReplaced
            | Self::ControllerStarted {
                after_death: false, ..
            }
            | Self::ControllerEnded
            | Self::TakenDown { .. }
            | Self::Halted { .. }
            | Self::HaltLifted { .. } => false,
        }
    }

    /// The environment that it is about, where it is about one but no instance of it.
    pub fn environment(&self) -> Option<(&AppName, &EnvironmentName)> {
        match self {
            Self::TakenDown {
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
            Self::InstanceNotStarted { .. } => Self::InstanceNotStarted { why: String::new() },
            Self::RouterNotStarted { .. } => Self::RouterNotStarted { why: String::new() },
            Self::ControllerStarted { after_death, .. } => Self::ControllerStarted {
                after_death: *after_death,
                last_seen_us: None,
            },
            Self::RouterReplaced
            | Self::ControllerEnded
            | Self::TakenDown { .. }
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
    /// long ago, or no trouble: who did what, and when a controller came and went, is told one by one.
    #[must_use]
    pub fn once_more(mut self, earlier: &Self) -> Self {
        let is_near = self.first_us.saturating_sub(earlier.at_us) <= ONCE_MORE_WITHIN_US;
        if self.what.is_trouble() && is_near {
            self.first_us = self.first_us.min(earlier.first_us);
            self.count = self.count.saturating_add(earlier.count);
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
