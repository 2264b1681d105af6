//! Answers slower than the thresholds, one comparison of rates for each.

use serde::{Deserialize, Serialize};

use super::thresholds::Thresholds;
use crate::numbers::{bits, real::length, sum};
use crate::ratio::comparison::REQUESTS_PER_START;
use crate::ratio::{Arm, Process, Test, Tick};

/// Answers slower than one threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Over {
    /// Of the stable release.
    pub stable: u64,
    /// Of the candidate, against its own, later threshold.
    pub candidate: u64,
}

/// One interval.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slow {
    /// Answers of the stable release.
    pub stable: u64,
    /// Answers of the candidate.
    pub candidate: u64,
    /// Those slower than each threshold, in the order of [`Thresholds::all`].
    pub over: Vec<Over>,
}

/// Whether the candidate is slower anywhere in the distribution (ANALYSIS 1b.1).
///
/// The mean of e-values is one, however much they depend on each other, so this is judged as one
/// metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    thresholds: Thresholds,
    processes: Vec<Process>,
    #[serde(with = "bits")]
    peak: f64,
}

impl Latency {
    /// Nothing seen yet.
    pub fn new(thresholds: Thresholds) -> Self {
        let process = Process::with_later_starts(Test::harm(1.0), REQUESTS_PER_START);
        Self::of(thresholds, &process)
    }

    /// As [`Latency::new`], with one beginning only: a little sooner for what is slow from the first
    /// request on, and much later for what becomes so.
    pub fn with_one_start(thresholds: Thresholds) -> Self {
        Self::of(thresholds, &Process::new(Test::harm(1.0)))
    }

    /// Divides what each slow answer says by `phi`: they come together where a process stands still for a
    /// moment.
    #[must_use]
    pub fn in_bursts_of(mut self, phi: f64) -> Self {
        let each = self.processes.into_iter();
        self.processes = each.map(|process| process.in_bursts_of(phi)).collect();
        self
    }

    fn of(thresholds: Thresholds, process: &Process) -> Self {
        Self {
            processes: vec![process.clone(); thresholds.all().len()],
            thresholds,
            peak: 0.0,
        }
    }

    /// What answers are counted against.
    pub const fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// Adds an interval. Counts that are missing at the end of the list are none.
    pub fn push(&mut self, slow: &Slow) {
        for (place, process) in self.processes.iter_mut().enumerate() {
            let over = slow.over.get(place).copied().unwrap_or_default();
            process.push(Tick {
                stable: Arm {
                    requests: slow.stable,
                    bad: over.stable,
                },
                candidate: Arm {
                    requests: slow.candidate,
                    bad: over.candidate,
                },
            });
        }
        self.peak = self.peak.max(self.log_e());
    }

    /// Another stage of the ramp begins.
    pub fn begin_stage(&mut self) {
        for process in &mut self.processes {
            process.begin_stage();
        }
    }

    /// The log of the mean of all e-values now.
    pub fn log_e(&self) -> f64 {
        let logs: Vec<f64> = self.processes.iter().map(Process::log_e).collect();
        sum::of_logs(&logs) - length(logs.len()).ln()
    }

    /// The threshold at which the candidate looks worst, and the log of its e-value.
    pub fn worst(&self) -> Option<(super::Threshold, f64)> {
        let logs = self.processes.iter().map(Process::log_e);
        let each = self.thresholds.all().iter().copied().zip(logs);
        each.max_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// Whether it was ever shown at this level that the candidate is slower.
    pub fn shown_at(&self, alpha: f64) -> bool {
        self.peak >= -alpha.ln()
    }
}
