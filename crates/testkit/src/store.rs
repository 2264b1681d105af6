//! The journal, on a disk in memory.

use std::rc::Rc;

use async_trait::async_trait;
use windlass_edge::{EdgeError, JournalEntry, NewEntry, OpenDeployment, Store, StoredDeployment};
use windlass_model::{
    AppName, DeploymentId, Environment, EnvironmentName, Epoch, Happening, InstallationId, Plan,
    PlanId, ScoreEntry, ScoreMoment,
};

use crate::disk::Disk;
use crate::errors;

/// Thirty days.
const PLANS_KEPT_US: i64 = 30 * 24 * 3_600 * 1_000_000;

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
