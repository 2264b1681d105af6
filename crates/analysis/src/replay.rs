//! Recorded counts, judged again step by step: for an incident of the past, or a rule before it is
//! trusted.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use windlass_model::count;

use crate::ratio::comparison::{Comparison, Finding, Plan, Shown};
use crate::ratio::{Arm, Tick};
use crate::verdict::{Time, Verdict, verdict};

/// Lines at most.
pub const MOST: usize = 1_000_000;

/// What can't be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Unreadable {
    /// From one on.
    pub line: usize,
    /// What it should have been.
    pub why: &'static str,
}

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

/// Judges JSON lines: `{"stable":{"requests":900,"bad":3},"candidate":{"requests":100,"bad":1}}` or, for
/// short, `[900,3,100,1]`. Empty lines are left out.
///
/// # Errors
/// [`Unreadable`]: a line is no tick, more were bad than there were, or there are more than [`MOST`].
pub fn replay(text: &str, plan: Plan) -> Result<Replay, Unreadable> {
    let mut comparison = Comparison::new(plan);
    let mut steps = Vec::new();
    let mut decided = None;
    for tick in ticks(text)? {
        comparison.push(tick);
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

/// The longer form of a line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    stable: Arm,
    candidate: Arm,
}

fn ticks(text: &str) -> Result<Vec<Tick>, Unreadable> {
    let mut ticks = Vec::new();
    for (place, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let unreadable = |why| Unreadable {
            line: place + 1,
            why,
        };
        if ticks.len() == MOST {
            return Err(unreadable("more ticks than are taken at once"));
        }
        let counts = counts(line).ok_or_else(|| unreadable(FORM))?;
        let tick = Tick::of(counts).ok_or_else(|| unreadable("more bad requests than requests"))?;
        ticks.push(tick);
    }
    Ok(ticks)
}

const FORM: &str = "write [requests, bad, requests, bad], first the stable release's, or \
    {\"stable\":{\"requests\":900,\"bad\":3},\"candidate\":{\"requests\":100,\"bad\":1}}";

fn counts(line: &str) -> Option<[u64; 4]> {
    let value: Value = serde_json::from_str(line).ok()?;
    if value.is_array() {
        return serde_json::from_value(value).ok();
    }
    let Long { stable, candidate } = serde_json::from_value(value).ok()?;
    Some([
        stable.requests,
        stable.bad,
        candidate.requests,
        candidate.bad,
    ])
}

/// Figures of a series, one a line: missing are `NaN`, `null` and `-`.
///
/// # Errors
/// [`Unreadable`]: a line is no figure, or there are more than [`MOST`].
pub fn series(text: &str) -> Result<Vec<f64>, Unreadable> {
    let mut figures = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let unreadable = |why| Unreadable {
            line: place + 1,
            why,
        };
        let figure = match line.trim() {
            "" => continue,
            "NaN" | "null" | "-" => f64::NAN,
            text => text
                .parse()
                .ok()
                .filter(|figure: &f64| figure.is_finite())
                .ok_or_else(|| unreadable("write one figure a line; NaN where it is missing"))?,
        };
        if figures.len() == MOST {
            return Err(unreadable("more figures than are taken at once"));
        }
        figures.push(figure);
    }
    Ok(figures)
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
