//! A rule: conditions that must be met at the same time.

use serde::{Deserialize, Serialize};
use windlass_model::Rule;

use super::condition::{Condition, Known};
use super::counts::Interval;
use super::standing::{Evidence, Standing};

/// A rule that is watched by answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watching {
    rule: Rule,
    conditions: Vec<Condition>,
    /// Whether it ever had enough to say anything.
    was_fed: bool,
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
    /// Nothing seen yet. None where one of its conditions is not judged by answers.
    pub fn new(rule: &Rule) -> Option<Self> {
        let conditions: Option<Vec<Condition>> = rule.all.iter().map(Condition::new).collect();
        Some(Self {
            rule: rule.clone(),
            conditions: conditions.filter(|conditions| !conditions.is_empty())?,
            was_fed: false,
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

    /// Adds the next interval; what it rests on once the rule is met. After that it rests.
    pub(super) fn push(&mut self, interval: &Interval, known: Known<'_>) -> Option<Fired> {
        if self.told {
            return None;
        }
        let mut evidence = Vec::new();
        let mut fed = true;
        for condition in &mut self.conditions {
            match condition.push(interval, known) {
                Standing::Met(found) => evidence.push(found),
                Standing::Rising(_) | Standing::Quiet => {}
                Standing::TooFew => fed = false,
            }
        }
        self.was_fed |= fed;
        self.told = evidence.len() == self.conditions.len();
        self.told.then(|| Fired {
            rule: self.rule.clone(),
            evidence,
        })
    }

    /// Intervals are missing.
    pub fn begin_anew(&mut self) {
        for condition in &mut self.conditions {
            condition.begin_anew();
        }
    }
}
