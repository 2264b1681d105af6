//! Lines of a recording.

use serde::Deserialize;
use serde_json::Value;
use windlass_model::LATENCY_EDGES_US;

use crate::numbers::real::real;
use crate::ratio::{Arm, Tick};
use crate::watch::Counts;

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

/// What both releases answered in one tick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Recorded {
    pub(super) stable: Counts,
    pub(super) candidate: Counts,
}

impl Recorded {
    pub(super) const fn failed(&self) -> Tick {
        Tick {
            stable: self.stable.failed(),
            candidate: self.candidate.failed(),
        }
    }
}

/// The longer form of a line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    stable: Answered,
    candidate: Answered,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    requests: u64,
    bad: u64,
    /// How long answers took, in milliseconds.
    #[serde(default)]
    ms: Vec<f64>,
}

impl From<Arm> for Counts {
    fn from(arm: Arm) -> Self {
        Self {
            answers: arm.requests,
            errors: arm.bad,
            latency: Vec::new(),
            beyond: Vec::new(),
        }
    }
}

impl From<Answered> for Counts {
    fn from(answered: Answered) -> Self {
        let Answered { requests, bad, ms } = answered;
        Self {
            latency: by_time(&ms),
            ..Arm { requests, bad }.into()
        }
    }
}

/// Counts by time, as the router keeps them. Nothing where no times are known.
fn by_time(ms: &[f64]) -> Vec<u64> {
    if ms.is_empty() {
        return Vec::new();
    }
    let mut counts = vec![0; LATENCY_EDGES_US.len() + 1];
    for time in ms {
        let bucket = LATENCY_EDGES_US.partition_point(|edge| real(*edge) < time * 1_000.0);
        counts[bucket] += 1;
    }
    counts
}

/// The ticks of JSON lines: `{"stable":{"requests":900,"bad":3},"candidate":{"requests":100,"bad":1}}` or,
/// for short, `[900,3,100,1]`. The longer form may have times of answers in milliseconds, `"ms":[12,40.5]`,
/// beside the counts. Empty lines are left out.
///
/// # Errors
/// [`Unreadable`]: a line is no tick, more were bad than there were, a time is none, or there are more than
/// [`MOST`].
pub(super) fn ticks(text: &str) -> Result<Vec<Recorded>, Unreadable> {
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
        ticks.push(tick(line).map_err(unreadable)?);
    }
    Ok(ticks)
}

const FORM: &str = "write [requests, bad, requests, bad], first the stable release's, or \
    {\"stable\":{\"requests\":900,\"bad\":3},\"candidate\":{\"requests\":100,\"bad\":1}}";

fn tick(line: &str) -> Result<Recorded, &'static str> {
    let value: Value = serde_json::from_str(line).map_err(|_no_json| FORM)?;
    let recorded = if value.is_array() {
        let [stable, stable_bad, candidate, candidate_bad]: [u64; 4] =
            serde_json::from_value(value).map_err(|_other| FORM)?;
        let arm = |requests, bad| Arm { requests, bad }.into();
        Recorded {
            stable: arm(stable, stable_bad),
            candidate: arm(candidate, candidate_bad),
        }
    } else {
        let long: Long = serde_json::from_value(value).map_err(|_other| FORM)?;
        let times = long.stable.ms.iter().chain(&long.candidate.ms);
        if !times.into_iter().all(|time| *time >= 0.0) {
            return Err("a time is below zero");
        }
        Recorded {
            stable: long.stable.into(),
            candidate: long.candidate.into(),
        }
    };
    let sides = [&recorded.stable, &recorded.candidate];
    if sides.iter().any(|counts| counts.errors > counts.answers) {
        return Err("more bad requests than requests");
    }
    if sides.iter().any(|counts| counts.timed() > counts.answers) {
        return Err("more times than requests");
    }
    Ok(recorded)
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
