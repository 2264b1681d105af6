//! What is done when a condition is met.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Millis, Trigger};

/// What a rule does.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Takes the rollout back.
    #[default]
    Rollback,
    /// Holds the deployment until a person decides.
    Hold,
    /// Tells, and changes nothing.
    Notify,
}

impl fmt::Display for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Rollback => "rollback",
            Self::Hold => "hold",
            Self::Notify => "notify",
        })
    }
}

/// One entry of `rollback_on`: conditions that must all be met at once, mostly one, and what follows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Rule {
    /// At least one.
    pub all: Vec<Trigger>,
    /// What follows.
    pub then: Then,
}

impl Rule {
    /// How long a step whose time is over is watched on at most while a rule that does more than tell is met
    /// and lacks only time.
    pub const WATCHED_ON: Millis = Millis::from_secs(30 * 60);

    /// What is watched for where the file says nothing.
    pub fn defaults() -> Vec<Self> {
        Trigger::DEFAULTS.map(Self::from).to_vec()
    }

    /// Whether it is this condition alone that takes a rollout back.
    pub fn is(&self, trigger: &Trigger) -> bool {
        self.then == Then::Rollback && self.all == std::slice::from_ref(trigger)
    }
}

impl From<Trigger> for Rule {
    fn from(trigger: Trigger) -> Self {
        Self {
            all: vec![trigger],
            then: Then::Rollback,
        }
    }
}

/// `crash`; `metric x > 5% over 5m, then hold`; `all of a, b`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.all[..] {
            [alone] => write!(f, "{alone}")?,
            several => {
                f.write_str("all of ")?;
                for (place, trigger) in several.iter().enumerate() {
                    let comma = if place == 0 { "" } else { ", " };
                    write!(f, "{comma}{trigger}")?;
                }
            }
        }
        match self.then {
            Then::Rollback => Ok(()),
            Then::Hold | Then::Notify => write!(f, ", then {}", self.then),
        }
    }
}

/// How a rule travels: a condition alone that takes back is written as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub(crate) enum Written {
    /// One condition.
    Plain(Trigger),
    /// Any rule.
    Whole {
        /// Conditions that must all be met.
        all: Vec<Trigger>,
        /// What follows.
        #[serde(default)]
        then: Then,
    },
}

impl From<Written> for Rule {
    fn from(written: Written) -> Self {
        match written {
            Written::Plain(trigger) => trigger.into(),
            Written::Whole { all, then } => Self { all, then },
        }
    }
}

impl From<Rule> for Written {
    fn from(rule: Rule) -> Self {
        let Rule { mut all, then } = rule;
        match (all.pop(), then) {
            (Some(alone), Then::Rollback) if all.is_empty() => Self::Plain(alone),
            (last, then) => {
                all.extend(last);
                Self::Whole { all, then }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_alone_travels_as_before_there_were_rules() {
        let alone = Rule::from(Trigger::Crash);
        let text = serde_json::to_string(&alone).expect("plain data");
        assert_eq!(text, r#""crash""#);
        let both = Rule {
            all: vec![Trigger::Crash, Trigger::DEFAULTS[2].clone()],
            then: Then::Hold,
        };
        for rule in [alone, both] {
            let text = serde_json::to_string(&rule).expect("plain data");
            let read: Rule = serde_json::from_str(&text).expect(&text);
            assert_eq!(read, rule);
        }
    }
}
