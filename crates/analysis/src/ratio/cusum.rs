//! The watch without an end, after all traffic has moved and a small share is held back.

use serde::{Deserialize, Serialize};

use super::grid::{Factors, LN_WEIGHT, POINTS, Test};
use super::tick::Tick;
use crate::numbers::{bits, real, sum};

/// A sum of evidence that begins anew wherever there is none (an e-detector: Shin, Ramdas, Rinaldo).
///
/// `M_j = e_j * max(1, M_j)` for every alternative. An alarm at `Σ w_j M_j >= A` comes by chance once
/// in `A` ticks on average at the most: a mean time, not the chance of ever being wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    test: Test,
    #[serde(with = "bits::many")]
    logs: [f64; POINTS],
}

impl Detector {
    /// Nothing seen yet.
    pub const fn new(test: Test) -> Self {
        Self {
            test,
            logs: [f64::NEG_INFINITY; POINTS],
        }
    }

    /// Adds a tick; the log of the sum after it. A tick that compares nothing changes nothing.
    pub fn push(&mut self, tick: Tick) -> f64 {
        if let Some(share) = tick.share() {
            let factors = Factors::new(self.test, share);
            let (stable, candidate) = (real(tick.stable.bad), real(tick.candidate.bad));
            for (point, log) in self.logs.iter_mut().enumerate() {
                let step = candidate * factors.candidate[point] + stable * factors.stable[point];
                *log = log.max(0.0) + step;
            }
        }
        self.log_sum()
    }

    /// The log of the sum now.
    pub fn log_sum(&self) -> f64 {
        LN_WEIGHT + sum::of_logs(&self.logs)
    }

    /// Whether it has reached the mean number of ticks that may lie between two false alarms.
    pub fn alarms_at(&self, mean_ticks: f64) -> bool {
        self.log_sum() >= mean_ticks.ln()
    }
}
