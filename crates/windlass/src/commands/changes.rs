//! `windlass analyze --changes`: where a series of figures, one for each deployment, has changed for good.

use serde::Serialize;
use windlass_analysis::history::changes::{Change, FEWEST, Settings, changes};
use windlass_analysis::history::drift::{Drift, drifts};

use crate::diagnostic::Diagnostic;
use crate::report::Report;

/// How far apart two figures may be, ten or fifty deployments from each other.
const TOLERANCE: f64 = 0.1;

/// What was found.
#[derive(Debug, Serialize)]
struct Found {
    /// Figures that were looked at.
    figures: usize,
    /// Whether they are enough to say anything.
    enough: bool,
    /// `index` counts from 0.
    changes: Vec<Change>,
    drifts: Vec<Drift>,
}

/// Figures in order of time; those that are missing are left out.
pub(super) fn report(series: &[f64]) -> Result<Report, Diagnostic> {
    let series: Vec<f64> = series.iter().copied().filter(|it| !it.is_nan()).collect();
    let found = Found {
        figures: series.len(),
        enough: series.len() >= FEWEST,
        changes: changes(&series, Settings::default()),
        drifts: drifts(&series, TOLERANCE),
    };
    Report::new(told(&found), &found)
}

fn told(found: &Found) -> String {
    let figures = found.figures;
    if !found.enough {
        return format!(
            "too little history: {figures} figures, and at least {FEWEST} are needed\n"
        );
    }
    let changes = found.changes.iter().map(|change| {
        format!(
            "from figure {} on: {:.4} on average, {:.4} before (p {:.1e})\n",
            change.index + 1,
            change.after,
            change.before,
            change.p
        )
    });
    let drifts = found.drifts.iter().map(|drift| {
        format!(
            "the last figure is {:.2} times what it was {} deployments before\n",
            drift.times(),
            drift.back
        )
    });
    let all: String = changes.chain(drifts).collect();
    if all.is_empty() {
        return format!("no change in {figures} figures\n");
    }
    all + "this compares with the past, so it holds at no level: it is no ground to go back\n"
}
