//! One figure.

use std::io::Write;

use serde::Serialize;

/// One figure, what it is compared with, and what it should be.
#[derive(Serialize)]
pub(crate) struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    anchor: Option<Anchor>,
    goal: Option<Goal>,
}

#[derive(Serialize)]
struct Anchor {
    name: &'static str,
    value: f64,
}

/// What a figure should be.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    /// No more.
    AtMost(f64),
    /// No less.
    AtLeast(f64),
    /// No more than this many times the anchor.
    TimesAnchor(f64),
    /// No further from the anchor than this part of it.
    NearAnchor(f64),
}

impl Row {
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            anchor: None,
            goal: None,
        }
    }

    pub(crate) fn beside(mut self, name: &'static str, value: f64) -> Self {
        self.anchor = Some(Anchor { name, value });
        self
    }

    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    pub(crate) fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        writeln!(out)
    }
}

/// The value below which this part of the runs lies; each must have one.
pub(crate) fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    windlass_analysis::numbers::percentile(values, part * 100.0).unwrap_or(f64::INFINITY)
}

/// A length as a figure.
#[expect(clippy::cast_precision_loss, reason = "runs are counted in thousands")]
pub(crate) fn figure(count: usize) -> f64 {
    count as f64
}
