//! What a disk held at one time.

use std::collections::BTreeMap;

use windlass_edge::{JournalEntry, StoredDeployment};
use windlass_model::{AppName, Environment, EnvironmentName, Epoch, Plan, PlanId, ScoreEntry};

use crate::disk::Disk;

/// What a disk held at one time.
#[derive(Clone, Debug, Default)]
pub struct Backup {
    epoch: Epoch,
    floor: Epoch,
    lost: Option<Epoch>,
    deployments: Vec<StoredDeployment>,
    rows: Vec<JournalEntry>,
    sequence: u64,
    environments: BTreeMap<(AppName, EnvironmentName), Environment>,
    plans: BTreeMap<PlanId, (Plan, i64)>,
    scores: Vec<ScoreEntry>,
    seen: Option<String>,
}

impl Disk {
    /// All that it holds now.
    pub fn backup(&self) -> Backup {
        Backup {
            epoch: self.epoch.get(),
            floor: self.floor.get(),
            lost: self.lost.get(),
            deployments: self.deployments.borrow().clone(),
            rows: self.rows.borrow().clone(),
            sequence: self.sequence.get(),
            environments: self.environments.borrow().clone(),
            plans: self.plans.borrow().clone(),
            scores: self.scores.borrow().clone(),
            seen: self.seen.borrow().clone(),
        }
    }

    /// Holds again what it held then.
    pub fn restore(&self, then: &Backup) {
        self.epoch.set(then.epoch);
        self.floor.set(then.floor);
        self.lost.set(then.lost);
        self.deployments.borrow_mut().clone_from(&then.deployments);
        self.rows.borrow_mut().clone_from(&then.rows);
        self.sequence.set(then.sequence);
        self.environments
            .borrow_mut()
            .clone_from(&then.environments);
        self.plans.borrow_mut().clone_from(&then.plans);
        self.scores.borrow_mut().clone_from(&then.scores);
        self.seen.borrow_mut().clone_from(&then.seen);
    }

    /// Holds nothing any more.
    pub fn lose(&self) {
        self.restore(&Backup::default());
    }
}
