//! Rules on a recording: when each would have been met.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use windlass_model::{Millis, Percent, Rule};

use super::recording::{Unreadable, ticks};
use crate::ratio::comparison::Plan;
use crate::watch::{Dealt, Interval, Setting, Watch};

/// What came of one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ruled {
    /// Which.
    pub rule: Rule,
    /// When it was met; none if it never was.
    pub met: Option<Met>,
    /// Whether it had enough to say anything; else it would not have been watched.
    pub watched: bool,
}

/// A rule that was met.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Met {
    /// The tick after which it was, from one on.
    pub tick: usize,
    /// How long after the beginning.
    pub after: Millis,
    /// What it rests on.
    pub saw: String,
}

/// The shares of a recording are those that its requests had; this stands for all of them.
const SHARE: Percent = Percent::FULL;

/// Watches a recording by these rules, as the engine does; each tick lasts for `every`. What is not in a
/// recording, such as a probe, is not watched. A rule on ends or lost readiness isn't either.
///
/// # Errors
/// [`Unreadable`].
pub fn rules(
    text: &str,
    rules: &[Rule],
    every: Millis,
    plan: Plan,
) -> Result<Vec<Ruled>, Unreadable> {
    let setting = |rule: &Rule| Setting {
        rules: vec![rule.clone()],
        gauges: BTreeMap::new(),
        score: None,
        by_turn: false,
        plan,
        tolerance: None,
    };
    let mut watched: Vec<(Watch, Ruled)> = rules
        .iter()
        .map(|rule| {
            let ruled = Ruled {
                rule: rule.clone(),
                met: None,
                watched: false,
            };
            (Watch::new(&setting(rule)), ruled)
        })
        .collect();
    let dealt = Dealt {
        share: Some(SHARE),
        ..Dealt::default()
    };
    let mut from_ms = 0;
    for (place, recorded) in ticks(text)?.into_iter().enumerate() {
        let until_ms = every.as_millis().saturating_add(from_ms);
        let interval = Interval {
            from_ms,
            until_ms,
            candidate: recorded.candidate,
            stable: recorded.stable,
        };
        for (watch, ruled) in &mut watched {
            let fired = watch.push(&interval, &dealt);
            if let Some(fired) = fired.first() {
                ruled.met = Some(Met {
                    tick: place + 1,
                    after: Millis::from_millis(until_ms),
                    saw: fired.words("the candidate"),
                });
            }
        }
        from_ms = until_ms;
    }
    let ended = watched.into_iter().map(|(watch, ruled)| Ruled {
        watched: watch.rules_fed() > 0,
        ..ruled
    });
    Ok(ended.collect())
}

/// "error rate > 5% for 10s: met after tick 14, 14s: 120 of 1,400 answers …".
impl fmt::Display for Ruled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.rule)?;
        match &self.met {
            Some(Met { tick, after, saw }) => write!(f, "met after tick {tick}, {after}: {saw}"),
            None if self.watched => f.write_str("not met"),
            None => f.write_str("not watched: these counts say nothing of it, or too few came"),
        }
    }
}
