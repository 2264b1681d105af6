//! The journal, in memory, on a disk that outlives its controllers.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use async_trait::async_trait;
use tokio::sync::Notify;
use windlass_edge::{EdgeError, JournalEntry, NewEntry, OpenDeployment, Store, StoredDeployment};
use windlass_model::{
    AppName, DeploymentId, Environment, EnvironmentName, Epoch, Happening, InstallationId, Millis,
    Plan, PlanId, ScoreEntry, ScoreMoment,
};

use crate::crash::Crash;
use crate::errors;
use crate::noted::Noted;
use crate::time::pass;

/// How long a commit takes.
const COMMIT: Millis = Millis::from_millis(1);

/// Thirty days.
const PLANS_KEPT_US: i64 = 30 * 24 * 3_600 * 1_000_000;

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
    async fn commit<T>(
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

    fn open(&self, stored: &StoredDeployment) -> OpenDeployment {
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

    fn put_environment(&self, environment: &Environment) {
        let key = (environment.app.clone(), environment.environment.clone());
        self.environments
            .borrow_mut()
            .insert(key, environment.clone());
    }

    fn append(&self, entry: NewEntry) -> Result<u64, EdgeError> {
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

    fn forget(&self, keep: u32) {
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

/// A [`Disk`] opened by one controller: each opening raises the epoch, and silences the older ones.
#[derive(Clone, Debug)]
pub struct FakeStore {
    disk: Rc<Disk>,
    epoch: Epoch,
}

impl FakeStore {
    /// Opens `disk` under the next epoch.
    pub fn open(disk: &Rc<Disk>) -> Self {
        disk.epoch
            .set(disk.epoch.get().max(disk.floor.get()).next());
        Self {
            disk: Rc::clone(disk),
            epoch: disk.epoch.get(),
        }
    }

    fn fence(&self) -> Result<(), EdgeError> {
        let now = self.disk.epoch.get();
        if now == self.epoch {
            Ok(())
        } else {
            Err(errors::refused(format!(
                "the store was opened again, under epoch {now}"
            )))
        }
    }
}

#[async_trait(?Send)]
impl Store for FakeStore {
    fn installation(&self) -> InstallationId {
        InstallationId::from_tail("fake").expect("letters are allowed in an id")
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }

    async fn begin(
        &self,
        deployment: &StoredDeployment,
        environment: &Environment,
    ) -> Result<(), EdgeError> {
        let write = || {
            self.fence()?;
            let mut all = self.disk.deployments.borrow_mut();
            if all.iter().any(|stored| stored.id == deployment.id) {
                return Err(errors::conflict(format!("{} is taken", deployment.id)));
            }
            all.push(deployment.clone());
            self.disk.put_environment(environment);
            Ok(())
        };
        self.disk.commit(write).await
    }

    async fn append(&self, entry: NewEntry) -> Result<u64, EdgeError> {
        let write = || {
            self.fence()?;
            self.disk.append(entry)
        };
        self.disk.commit(write).await
    }

    async fn note_lost(&self, heard: Epoch) -> Result<(), EdgeError> {
        let write = || {
            self.fence()?;
            self.disk.lost.set(self.disk.lost.get().max(Some(heard)));
            Ok(())
        };
        self.disk.commit(write).await
    }

    async fn lost(&self) -> Result<Option<Epoch>, EdgeError> {
        Ok(self.disk.lost.get())
    }

    async fn adopt(
        &self,
        environments: &[Environment],
        heard: Epoch,
        happening: &Happening,
    ) -> Result<(), EdgeError> {
        let write = || {
            self.fence()?;
            self.disk.noted.note(happening, self.disk.full.get())?;
            for environment in environments {
                self.disk.put_environment(environment);
            }
            self.disk.floor.set(self.disk.floor.get().max(heard));
            self.disk.lost.set(None);
            Ok(())
        };
        self.disk.commit(write).await
    }

    async fn put_environment(&self, environment: &Environment) -> Result<(), EdgeError> {
        let write = || {
            self.fence()?;
            self.disk.put_environment(environment);
            Ok(())
        };
        self.disk.commit(write).await
    }

    async fn environments(&self) -> Result<Vec<Environment>, EdgeError> {
        Ok(self.disk.environments.borrow().values().cloned().collect())
    }

    async fn put_seen(&self, state: String) -> Result<(), EdgeError> {
        let write = || {
            self.fence()?;
            *self.disk.seen.borrow_mut() = Some(state);
            Ok(())
        };
        self.disk.commit(write).await
    }

    async fn seen(&self) -> Result<Option<String>, EdgeError> {
        Ok(self.disk.seen())
    }

    async fn put_plan(&self, plan: &Plan, at_us: i64) -> Result<(), EdgeError> {
        let write = || {
            self.fence()?;
            let mut plans = self.disk.plans.borrow_mut();
            plans.retain(|_, (_, kept_us)| at_us.saturating_sub(*kept_us) <= PLANS_KEPT_US);
            plans.insert(plan.id.clone(), (plan.clone(), at_us));
            Ok(())
        };
        self.disk.commit(write).await
    }

    async fn plan(&self, id: &PlanId) -> Result<Option<Plan>, EdgeError> {
        Ok(self
            .disk
            .plans
            .borrow()
            .get(id)
            .map(|(plan, _)| plan.clone()))
    }

    async fn plans(&self) -> Result<Vec<Plan>, EdgeError> {
        let plans = self.disk.plans.borrow();
        Ok(plans.values().map(|(plan, _)| plan.clone()).collect())
    }

    async fn put_score(&self, entry: &ScoreEntry) -> Result<(), EdgeError> {
        let write = || {
            self.fence()?;
            let mut scores = self.disk.scores.borrow_mut();
            let may_repeat = entry.moment == ScoreMoment::Asked;
            scores.retain(|kept| may_repeat || kept.moment != entry.moment);
            scores.push(entry.clone());
            Ok(())
        };
        self.disk.commit(write).await
    }

    async fn scores(
        &self,
        app: &AppName,
        environment: &EnvironmentName,
        limit: u32,
    ) -> Result<Vec<ScoreEntry>, EdgeError> {
        let kept = self.disk.scores.borrow();
        let own = |entry: &&ScoreEntry| entry.app == *app && entry.environment == *environment;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(kept.iter().rev().filter(own).take(limit).cloned().collect())
    }

    async fn put_happening(&self, happening: &Happening) -> Result<(), EdgeError> {
        self.fence()?;
        self.disk.noted.note(happening, self.disk.full.get())
    }

    async fn happenings(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<(u64, Happening)>, EdgeError> {
        Ok(self.disk.noted.before(before, limit))
    }

    async fn open_deployments(&self) -> Result<Vec<OpenDeployment>, EdgeError> {
        let deployments = self.disk.deployments();
        let open = deployments
            .iter()
            .filter(|stored| stored.ended_us.is_none());
        Ok(open.map(|stored| self.disk.open(stored)).collect())
    }

    async fn deployment(&self, id: &DeploymentId) -> Result<Option<OpenDeployment>, EdgeError> {
        let deployments = self.disk.deployments();
        let found = deployments.iter().find(|stored| stored.id == *id);
        Ok(found.map(|stored| self.disk.open(stored)))
    }

    async fn asked(&self, asked_as: &str) -> Result<Option<StoredDeployment>, EdgeError> {
        let deployments = self.disk.deployments();
        let mut newest = deployments.into_iter().rev();
        Ok(newest.find(|stored| stored.asked_as.as_deref() == Some(asked_as)))
    }

    async fn deployments(&self, limit: u32) -> Result<Vec<StoredDeployment>, EdgeError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(self
            .disk
            .deployments()
            .into_iter()
            .rev()
            .take(limit)
            .collect())
    }

    async fn entries(
        &self,
        deployment: Option<&DeploymentId>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<JournalEntry>, EdgeError> {
        let rows = self.disk.rows.borrow();
        let wanted = rows.iter().filter(|row| {
            row.sequence > after && deployment.is_none_or(|id| row.deployment == *id)
        });
        Ok(wanted
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .cloned()
            .collect())
    }

    async fn end(&self) -> Result<u64, EdgeError> {
        let rows = self.disk.rows.borrow();
        Ok(rows.iter().map(|row| row.sequence).max().unwrap_or(0))
    }

    async fn forget_deployments(&self, keep: u32) -> Result<(), EdgeError> {
        self.disk.forget(keep);
        Ok(())
    }
}
