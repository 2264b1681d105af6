//! Whether the model may be shown at all.
//!
//! It is asked about each deployment of the past knowing only those before it. Where that is no better
//! than the plain rate of failures, only the plain rate is shown.

use serde::{Deserialize, Serialize};

use super::model::{Feature, Model, Past, base};
use crate::numbers::real::length;

/// Failures below which nobody should read the figure as a frequency.
pub const FAILURES_FOR_CALIBRATION: usize = 50;

/// Deployments that the model may learn from before it is asked for the first time.
const BEFORE: usize = 10;

/// How far off chances were: smaller is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Off {
    /// The mean square (Brier).
    pub brier: f64,
    /// The mean surprise, in nats.
    pub log_loss: f64,
}

/// What came of asking about the past.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    /// The model.
    pub model: Off,
    /// The plain rate of failures up to then.
    pub plain: Off,
    /// Failures it was asked about or learned from.
    pub failures: usize,
}

impl Checked {
    /// Whether the model is better in both ways, and so may be shown; else "base rate only".
    pub fn better(&self) -> bool {
        self.model.brier < self.plain.brier && self.model.log_loss < self.plain.log_loss
    }

    /// Whether its figures may be read as frequencies.
    pub const fn calibrated(&self) -> bool {
        self.failures >= FAILURES_FOR_CALIBRATION
    }
}

/// No chance is taken for certain, or one surprise would be infinite.
const EDGE: f64 = 1e-6;

/// Asks about each deployment of a history in order of time, oldest first. None of too little history.
/// `days_ago` of the past is taken as seen from today.
pub fn check(features: &[Feature], past: &[Past]) -> Option<Checked> {
    let asked = past.len().checked_sub(BEFORE).filter(|asked| *asked > 0)?;
    let (mut model, mut plain) = (Off::default(), Off::default());
    for place in BEFORE..past.len() {
        let (before, now) = (&past[..place], &past[place]);
        let known: Vec<Past> = before
            .iter()
            .map(|past| Past {
                days_ago: past.days_ago - now.days_ago,
                ..past.clone()
            })
            .collect();
        let risk = Model::learn(features.to_vec(), &known).risk(&now.values);
        model.add(risk.p, now.failed);
        plain.add(base(before), now.failed);
    }
    let n = length(asked);
    let mean = |off: Off| Off {
        brier: off.brier / n,
        log_loss: off.log_loss / n,
    };
    Some(Checked {
        model: mean(model),
        plain: mean(plain),
        failures: past.iter().filter(|past| past.failed).count(),
    })
}

impl Off {
    fn add(&mut self, p: f64, failed: bool) {
        let p = p.clamp(EDGE, 1.0 - EDGE);
        let of_what_came = if failed { p } else { 1.0 - p };
        self.brier += (1.0 - of_what_came).powi(2);
        self.log_loss -= of_what_came.ln();
    }
}
