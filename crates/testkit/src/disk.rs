//! What keeps the journal: a disk in memory that outlives its controllers.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};

use tokio::sync::Notify;
use windlass_edge::{EdgeError, JournalEntry, NewEntry, OpenDeployment, StoredDeployment};
use windlass_model::{
    AppName, DeploymentId, Environment, EnvironmentName, Epoch, Millis, Plan, PlanId, ScoreEntry,
};

use crate::crash::Crash;
use crate::errors;
use crate::noted::Noted;
use crate::time::pass;

/// How long a commit takes.
const COMMIT: Millis = Millis::from_millis(1);

/// What keeps the journal. Survives every controller.
#[derive(Debug, Default)]
pub struct Disk {
    pub(crate) epoch: Cell<Epoch>,
    /// The next opening speaks above it.
    pub(crate) floor: Cell<Epoch>,
    pub(crate) lost: Cell<Option<Epoch>>,
    pub(crate) commits: Cell<u64>,
    pub(crate) crashes: RefCell<VecDeque<Crash>>,
    pub(crate) full_for: Cell<u32>,
    pub(crate) full: Cell<bool>,
    pub(crate) deployments: RefCell<Vec<StoredDeployment>>,
    pub(crate) rows: RefCell<Vec<JournalEntry>>,
    pub(crate) sequence: Cell<u64>,
    pub(crate) noted: Noted,
    pub(crate) environments: RefCell<BTreeMap<(AppName, EnvironmentName), Environment>>,
    pub(crate) plans: RefCell<BTreeMap<PlanId, (Plan, i64)>>,
    pub(crate) scores: RefCell<Vec<ScoreEntry>>,
    pub(crate) seen: RefCell<Option<String>>,
    pub(crate) damaged: RefCell<Vec<DeploymentId>>,
    /// Told at each commit.
    pub(crate) committed: Notify,
    /// Told when a controller must die.
    pub(crate) crashed: Notify,
    /// Whether that is due.
    pub(crate) is_crashing: Cell<bool>,
}

impl Disk {
    /// What was seen of candidates, as it was kept last.
    pub fn seen(&self) -> Option<String> {
        self.seen.borrow().clone()
    }

    /// Scores that are kept, oldest first.
    pub fn scores(&self) -> Vec<ScoreEntry> {
        self.scores.borrow().clone()
    }

    /// Commits tried so far.
    pub fn commits(&self) -> u64 {
        self.commits.get()
    }

    /// The controller that makes this commit dies with it. Crashes are taken in order.
    pub fn crash_at(&self, crash: Crash) {
        self.crashes.borrow_mut().push_back(crash);
    }

    /// The controller that lives now dies at once.
    pub fn crash_now(&self) {
        self.is_crashing.set(true);
        self.crashed.notify_waiters();
    }

    /// Forgets crashes that have not come.
    pub fn crash_no_more(&self) {
        self.crashes.borrow_mut().clear();
    }

    /// The next `tries` writes fail.
    pub fn fill_for(&self, tries: u32) {
        self.full_for.set(tries);
    }

    /// Every write fails, until `false`.
    pub fn fill(&self, full: bool) {
        self.full.set(full);
    }

    /// The rows of a deployment can't be read from now on.
    pub fn damage(&self, deployment: &DeploymentId) {
        self.damaged.borrow_mut().push(deployment.clone());
    }

    /// What a deployment began with can't be read from now on.
    pub fn damage_opening(&self, deployment: &DeploymentId) {
        let mut all = self.deployments.borrow_mut();
        for stored in all.iter_mut().filter(|stored| stored.id == *deployment) {
            "{".clone_into(&mut stored.opening);
        }
    }

    /// An environment as stored.
    pub fn environment(&self, app: &AppName, name: &EnvironmentName) -> Option<Environment> {
        self.environments
            .borrow()
            .get(&(app.clone(), name.clone()))
            .cloned()
    }

    /// The deployments as stored, oldest first.
    pub fn deployments(&self) -> Vec<StoredDeployment> {
        self.deployments.borrow().clone()
    }

    /// The rows of a deployment.
    pub fn rows(&self, deployment: &DeploymentId) -> Vec<JournalEntry> {
        self.rows
            .borrow()
            .iter()
            .filter(|row| row.deployment == *deployment)
            .cloned()
            .collect()
    }

    /// Looks at the rows of a deployment, oldest first.
    pub(crate) fn with_rows<T>(
        &self,
        deployment: &DeploymentId,
        look: impl FnOnce(&mut dyn DoubleEndedIterator<Item = &JournalEntry>) -> T,
    ) -> T {
        let rows = self.rows.borrow();
        look(&mut rows.iter().filter(|row| row.deployment == *deployment))
    }

    /// All rows.
    pub fn all_rows(&self) -> Vec<JournalEntry> {
        self.rows.borrow().clone()
    }

    /// One write: it may be lost, refused, or the last thing its controller does.
    pub(crate) async fn commit<T>(
        &self,
        write: impl FnOnce() -> Result<T, EdgeError>,
    ) -> Result<T, EdgeError> {
        pass(COMMIT).await;
        if self.full.get() {
            return Err(errors::unreachable("the disk is full"));
        }
        if let Some(left) = self.full_for.get().checked_sub(1) {
            self.full_for.set(left);
            return Err(errors::unreachable("the disk is full"));
        }
        let number = self.commits.get() + 1;
        self.commits.set(number);
        let crash = {
            let mut crashes = self.crashes.borrow_mut();
            let due = crashes
                .front()
                .is_some_and(|crash| crash.commit() <= number);
            if due { crashes.pop_front() } else { None }
        };
        let written = match crash {
            Some(Crash::Before(_)) => None,
            Some(Crash::After(_)) | None => Some(write()),
        };
        if crash.is_some() {
            self.crash_now();
            std::future::pending::<()>().await;
        }
        self.committed.notify_waiters();
        written.unwrap_or_else(|| Err(errors::unreachable("the commit was lost")))
    }

    pub(crate) fn open(&self, stored: &StoredDeployment) -> OpenDeployment {
        let poisoned = self.damaged.borrow().contains(&stored.id);
        OpenDeployment {
            deployment: stored.clone(),
            entries: if poisoned {
                Vec::new()
            } else {
                self.rows(&stored.id)
            },
            poisoned: poisoned.then(|| "row 1 does not match its checksum".to_owned()),
        }
    }

    pub(crate) fn put_environment(&self, environment: &Environment) {
        let key = (environment.app.clone(), environment.environment.clone());
        self.environments
            .borrow_mut()
            .insert(key, environment.clone());
    }

    pub(crate) fn append(&self, entry: NewEntry) -> Result<u64, EdgeError> {
        let expected = self.with_rows(&entry.deployment, |rows| rows.count());
        let expected = u64::try_from(expected).unwrap_or(u64::MAX);
        if entry.number != expected {
            return Err(errors::conflict(format!(
                "row {} of {} is not the next, {expected} is",
                entry.number, entry.deployment
            )));
        }
        let mut deployments = self.deployments.borrow_mut();
        let known = deployments
            .iter_mut()
            .find(|stored| stored.id == entry.deployment);
        let Some(stored) = known.filter(|stored| stored.ended_us.is_none()) else {
            return Err(errors::conflict(format!(
                "{} is not open",
                entry.deployment
            )));
        };
        if entry.ends {
            stored.ended_us = Some(entry.at_us);
        }
        if let Some(environment) = &entry.environment {
            self.put_environment(environment);
        }
        self.sequence.set(self.sequence.get() + 1);
        let sequence = self.sequence.get();
        self.rows.borrow_mut().push(JournalEntry {
            sequence,
            deployment: entry.deployment,
            number: entry.number,
            at_us: entry.at_us,
            event: entry.event,
            facts: entry.facts,
        });
        Ok(sequence)
    }

    pub(crate) fn forget(&self, keep: u32) {
        let mut deployments = self.deployments.borrow_mut();
        let ended = deployments
            .iter()
            .filter(|stored| stored.ended_us.is_some())
            .count();
        let keep = usize::try_from(keep).unwrap_or(usize::MAX);
        let mut surplus = ended.saturating_sub(keep);
        let mut dropped = Vec::new();
        deployments.retain(|stored| {
            let goes = stored.ended_us.is_some() && surplus > 0;
            if goes {
                surplus -= 1;
                dropped.push(stored.id.clone());
            }
            !goes
        });
        self.rows
            .borrow_mut()
            .retain(|row| !dropped.contains(&row.deployment));
    }
}
