//! How long a script ran on while no controller counted: its time runs as it does, whoever is there.

use std::collections::BTreeMap;

use windlass_engine::deployment::Deployment;
use windlass_engine::rollout::{Phase, Return, Rollout, Stage};
use windlass_model::{Millis, ServiceName, TimerId};

/// Since when each script's present wait has run, by the rows of its deployment.
#[derive(Default)]
pub(crate) struct Since {
    waits: BTreeMap<ServiceName, (TimerId, i64)>,
}

impl Since {
    /// Notes how it stands after a row of this time.
    pub(crate) fn note(&mut self, now: &Deployment, at_us: i64) {
        for (service, rollout) in &now.rollouts {
            let Some(timer) = runs(rollout) else {
                self.waits.remove(service);
                continue;
            };
            let known = self.waits.get(service);
            if known.is_none_or(|(known, _)| *known != timer) {
                self.waits.insert(service.clone(), (timer, at_us));
            }
        }
    }

    /// What of each wait has gone by until now.
    pub(crate) fn until(&self, now_us: i64) -> BTreeMap<ServiceName, Millis> {
        let ran = self.waits.iter().map(|(service, (_, at_us))| {
            let spent = now_us.saturating_sub(*at_us) / 1_000;
            let ran = Millis::from_millis(u64::try_from(spent).unwrap_or_default());
            (service.clone(), ran)
        });
        ran.collect()
    }
}

/// The timer of the wait for a run that has begun; none where its time stands still.
fn runs(rollout: &Rollout) -> Option<TimerId> {
    let instances = match &rollout.phase {
        Phase::Starting { .. } => rollout.fresh(),
        Phase::Returning(Return {
            stage: Stage::Restarting,
            ..
        }) => rollout.back.iter().collect(),
        Phase::Waiting
        | Phase::Clearing(_)
        | Phase::StoppingOld(_)
        | Phase::Holding
        | Phase::Shifting { .. }
        | Phase::Baking { .. }
        | Phase::Passed
        | Phase::Settling(_)
        | Phase::Done
        | Phase::Returning(_)
        | Phase::Returned
        | Phase::Stuck(_) => return None,
    };
    let mut instances = instances.into_iter();
    let has_begun = instances.any(|one| rollout.health.started.contains(&one.id));
    let timer = rollout.wait().and_then(|wait| wait.timer);
    timer.filter(|_| rollout.is_command() && has_begun)
}
