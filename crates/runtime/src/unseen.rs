//! How long a script ran on while no controller counted: its time runs as it does, whoever is there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

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
    pub(crate) fn until(&self, now_us: i64) -> Unseen {
        let ran = self.waits.iter().map(|(service, (_, at_us))| {
            let spent = now_us.saturating_sub(*at_us) / 1_000;
            let ran = Millis::from_millis(u64::try_from(spent).unwrap_or_default());
            (service.clone(), ran)
        });
        Unseen(Rc::new(RefCell::new(ran.collect())))
    }
}

/// How long the scripts of one deployment have run on unseen, until that is told. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Unseen(Rc<RefCell<BTreeMap<ServiceName, Millis>>>);

impl Unseen {
    /// How long that of a service did; whoever asks tells it, nobody else.
    pub(crate) fn take(&self, service: &ServiceName) -> Option<Millis> {
        self.0.borrow_mut().remove(service)
    }

    /// The run of a service begins now: none went on before.
    pub(crate) fn forget(&self, service: &ServiceName) {
        self.0.borrow_mut().remove(service);
    }
}

/// The timer of the wait for a run; none where its time stands still. Of one whose beginning has no row it is not
/// known whether it has begun: the controller may have died between the two.
fn runs(rollout: &Rollout) -> Option<TimerId> {
    let has_run = match &rollout.phase {
        Phase::Starting { late, .. } => late.is_none(),
        Phase::Returning(Return { stage, .. }) => *stage == Stage::Restarting,
        Phase::Waiting
        | Phase::Clearing(_)
        | Phase::StoppingOld(_)
        | Phase::Holding
        | Phase::Shifting { .. }
        | Phase::Baking { .. }
        | Phase::Passed
        | Phase::Settling(_)
        | Phase::Done
        | Phase::Returned
        | Phase::Stuck(_) => false,
    };
    let timer = rollout.wait().and_then(|wait| wait.timer);
    timer.filter(|_| rollout.is_command() && has_run)
}
