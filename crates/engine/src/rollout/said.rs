//! What the runs of a command say: kept for those who look, within limits, and never a reason to act.

use std::collections::BTreeMap;

use windlass_model::{Fact, Measure, Percent, Report};

use super::state::{Begun, Rollout};

/// Phases and steps of progress that are kept of one rollout; later ones are let go.
const MOVES_KEPT: u16 = 500;

/// Lines that are kept.
const LINES_KEPT: u16 = 500;

/// Values of metrics that are kept.
const VALUES_KEPT: u16 = 500;

/// Metrics with names of their own.
const METRICS: usize = 32;

/// What is known of the runs of one rollout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// What the present run is doing, by its own word.
    pub phase: Option<String>,
    /// How far it is with that.
    pub progress: Option<Percent>,
    /// The last value of each metric.
    pub metrics: BTreeMap<String, Measure>,
    moves: u16,
    lines: u16,
    values: u16,
}

impl Said {
    /// Another run begins.
    pub(crate) fn begin(&mut self) {
        self.phase = None;
        self.progress = None;
    }

    /// Whether there is room to keep `report`.
    pub fn has_room_for(&self, report: &Report) -> bool {
        match report {
            Report::Phase(_) | Report::Progress(_) => self.moves < MOVES_KEPT,
            Report::Log(_) => self.lines < LINES_KEPT,
            Report::Metric(metric) => {
                let known = self.metrics.contains_key(&metric.name);
                self.values < VALUES_KEPT && (known || self.metrics.len() < METRICS)
            }
        }
    }

    /// Whether it is something that was not so already, and there is room for it.
    fn take(&mut self, report: &Report) -> bool {
        if !self.has_room_for(report) {
            return false;
        }
        let (news, count) = match report {
            Report::Phase(name) => {
                let news = self.phase.as_ref() != Some(name);
                if news {
                    // How far it was with another phase says nothing of this one.
                    self.progress = None;
                    self.phase = Some(name.clone());
                }
                (news, &mut self.moves)
            }
            Report::Progress(percent) => {
                let before = self.progress.replace(*percent);
                (before != Some(*percent), &mut self.moves)
            }
            Report::Log(_) => (true, &mut self.lines),
            Report::Metric(metric) => {
                let before = self.metrics.insert(metric.name.clone(), metric.value);
                (before != Some(metric.value), &mut self.values)
            }
        };
        if news {
            *count = count.saturating_add(1);
        }
        news
    }
}

impl Rollout {
    /// Whether a run of its command was begun, so that somebody may say something.
    pub fn may_speak(&self) -> bool {
        self.is_command() && self.has_begun(Begun::Starting)
    }

    /// The controller's own word about its runs: no run can say it, and it takes no room of theirs.
    pub(crate) fn heard(&self, lost: Option<&str>) -> Option<Fact> {
        self.may_speak().then(|| Fact::Heard {
            service: self.service.clone(),
            lost: lost.map(str::to_owned),
        })
    }

    /// Notes what a run says; returns what of it is news.
    pub(crate) fn hear(&mut self, reports: &[Report]) -> Vec<Fact> {
        if !self.may_speak() {
            return Vec::new();
        }
        let mut facts = Vec::new();
        for report in reports {
            if self.said.take(report) {
                facts.push(Fact::Reported {
                    service: self.service.clone(),
                    report: report.clone(),
                });
            }
        }
        facts
    }
}
