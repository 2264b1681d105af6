//! The comparison of both releases, tick by tick.

use std::fmt;

use serde::Serialize;
use windlass_model::count;

use super::recording::{Unreadable, ticks};
use crate::ratio::comparison::{Comparison, Finding, Plan, Shown};
use crate::verdict::{Time, Verdict, verdict};

/// What stood after one tick.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// From one on.
    pub tick: usize,
    /// Requests of both, so far.
    pub requests: u64,
    /// Bad ones of the stable release, so far.
    pub stable_bad: u64,
    /// Bad ones of the candidate, so far.
    pub candidate_bad: u64,
    /// The highest log of the e-value for harm so far.
    pub log_e: f64,
    /// The log at which harm is shown.
    pub needed: f64,
    /// What is seen of what a pass needs; 1 is enough.
    pub reach: f64,
    /// What the counts show.
    pub shown: Shown,
    /// What would be decided, if the time of the stage were over but more could be had.
    pub verdict: Verdict,
}

/// A whole recording.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replay {
    /// One per tick.
    pub steps: Vec<Step>,
    /// The first tick after which it would have been decided; after a rollback nothing would go on.
    pub decided_at: Option<usize>,
    /// What would have been decided there, or what is at the end, if nothing was.
    pub verdict: Verdict,
    /// The record at that tick.
    pub finding: Finding,
    /// The record in words.
    pub words: String,
}

/// Compares the releases of a recording; see [`ticks`].
///
/// # Errors
/// [`Unreadable`].
pub fn replay(text: &str, plan: Plan) -> Result<Replay, Unreadable> {
    let mut comparison = Comparison::new(plan);
    let mut steps = Vec::new();
    let mut decided = None;
    for tick in ticks(text)? {
        comparison.push(tick.failed());
        let step = step(&comparison, steps.len() + 1, plan);
        if decided.is_none() && step.verdict != Verdict::Wait {
            decided = Some((step.tick, step.verdict, comparison.finding(1.0)));
        }
        steps.push(step);
    }
    let decided_at = decided.as_ref().map(|(tick, _, _)| *tick);
    let (verdict, finding) = decided.map_or_else(
        || {
            let finding = comparison.finding(1.0);
            (verdict(false, &[finding.shown], Time::Over), finding)
        },
        |(_, verdict, finding)| (verdict, finding),
    );
    Ok(Replay {
        words: format!("bad requests {finding}"),
        steps,
        decided_at,
        verdict,
        finding,
    })
}

fn step(comparison: &Comparison, tick: usize, plan: Plan) -> Step {
    let (shown, reach) = comparison.shown_and_reach(1.0);
    let seen = comparison.seen();
    Step {
        tick,
        requests: seen.requests(),
        stable_bad: seen.stable.bad,
        candidate_bad: seen.candidate.bad,
        log_e: comparison.log_e(),
        needed: -plan.alpha.ln(),
        reach: reach.part,
        shown,
        verdict: verdict(false, &[shown], Time::Baked),
    }
}

/// One line of a table: "tick 3: 3,000 requests, bad 2 and 9, evidence 2.31 of 4.61, wait".
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "tick {}: {} requests, bad {} and {}, evidence of harm {:.2} of {:.2}, {:.0} % of what a \
             pass needs: {}",
            self.tick,
            count(self.requests),
            count(self.stable_bad),
            count(self.candidate_bad),
            self.log_e,
            self.needed,
            (self.reach * 100.0).min(100.0),
            self.verdict,
        )
    }
}
