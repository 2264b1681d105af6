//! A rule: conditions that must be met at the same time.

use serde::{Deserialize, Serialize};
use windlass_model::Rule;

use super::condition::{Condition, Fed, Known};
use super::counts::Interval;
use super::standing::{Evidence, Standing};

/// A rule that is watched by answers, by what is read, or by the health score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watching {
    rule: Rule,
    conditions: Vec<Condition>,
    /// Whether it ever had enough to say anything.
    was_fed: bool,
    /// Whether all of it is met, but not all for long enough.
    #[serde(default)]
    rising: bool,
    /// Whether it was told. Not written down: whoever goes on from there tells it again.
    #[serde(skip)]
    told: bool,
}

/// A rule that is met.
#[derive(Clone, Debug, PartialEq)]
pub struct Fired {
    /// Which.
    pub rule: Rule,
    /// One for each of its conditions.
    pub evidence: Vec<Evidence>,
}

impl Fired {
    /// What was seen, in words.
    pub fn words(&self, candidate: &str) -> String {
        let each = self.evidence.iter().map(|found| found.words(candidate));
        each.collect::<Vec<_>>().join("; ")
    }
}

impl Watching {
    /// Nothing seen yet. None where nothing here can feed one of its conditions.
    pub fn new(rule: &Rule, fed: Fed<'_>) -> Option<Self> {
        let conditions = rule.all.iter();
        let conditions = conditions.map(|trigger| Condition::new(trigger, fed));
        let conditions: Option<Vec<Condition>> = conditions.collect();
        Some(Self {
            rule: rule.clone(),
            conditions: conditions.filter(|conditions| !conditions.is_empty())?,
            was_fed: false,
            rising: false,
            told: false,
        })
    }

    /// Which rule.
    pub const fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Whether it ever had enough to say anything; else it is not watched, whatever it says.
    pub const fn was_fed(&self) -> bool {
        self.was_fed
    }

    /// Whether it is met, but not for long enough yet.
    pub const fn is_rising(&self) -> bool {
        self.rising && !self.told
    }

    /// Adds the next interval; what it rests on once the rule is met. After that it rests.
    pub(super) fn push(&mut self, interval: &Interval, known: Known<'_>) -> Option<Fired> {
        if self.told {
            return None;
        }
        let conditions = self.conditions.iter_mut();
        let standings = conditions.map(|condition| condition.push(interval, known));
        let standings = standings.collect();
        self.judge(standings)
    }

    /// What the rule rests on, if all of its conditions are met.
    fn judge(&mut self, standings: Vec<Standing>) -> Option<Fired> {
        let mut evidence = Vec::new();
        let (mut fed, mut rising) = (true, true);
        for standing in standings {
            match standing {
                Standing::Met(found) => evidence.push(found),
                Standing::Rising(_) => {}
                Standing::Quiet => rising = false,
                Standing::TooFew => (fed, rising) = (false, false),
            }
        }
        self.was_fed |= fed;
        self.rising = rising;
        self.told = evidence.len() == self.conditions.len();
        self.told.then(|| Fired {
            rule: self.rule.clone(),
            evidence,
        })
    }

    /// Adds something that comes between intervals: `feed` says which conditions it is about. A rule that
    /// rests on nothing else is looked at now, any other with the next interval.
    pub(super) fn feed(&mut self, feed: impl FnMut(&mut Condition) -> bool) -> Option<Fired> {
        let fed = self.conditions.iter_mut().map(feed);
        let is_about = fed.fold(false, |any, one| any | one);
        if !is_about || self.told {
            return None;
        }
        let standings = self.conditions.iter().map(Condition::at_rest);
        self.judge(standings.collect::<Option<_>>()?)
    }

    /// Intervals are missing.
    pub fn begin_anew(&mut self) {
        self.rising = false;
        for condition in &mut self.conditions {
            condition.begin_anew();
        }
    }
}
