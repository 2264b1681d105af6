//! What an environment runs once a deployment has come so far.

use windlass_model::{Environment, Release, ServiceState, Slot};

use crate::deployment::{Course, Deployment};
use crate::rollout::{Begun, Phase, Rollout};

/// Promoted releases remembered per service; their files are kept for a rollback.
pub const REMEMBERED: usize = 5;

/// `base` with the lock and slot numbers of a deployment that begins.
#[must_use]
pub fn locked(base: &Environment, deployment: &Deployment) -> Environment {
    let mut next = base.clone();
    next.lock = Some(deployment.id.clone());
    for (service, rollout) in &deployment.rollouts {
        let state = next.services.entry(service.clone()).or_default();
        state.next_slot = state.next_slot.max(rollout.candidate.id.next());
    }
    next
}

/// What the environment runs now, given what it ran when `deployment` began. The same deployment
/// always gives the same answer, however often it is asked.
#[must_use]
pub fn after(base: &Environment, deployment: &Deployment) -> Environment {
    let mut next = locked(base, deployment);
    let promoted = match deployment.course {
        Course::Promoted => true,
        Course::Ended(_) => deployment.rollouts.values().any(is_kept),
        Course::Forward | Course::Promoting | Course::Returning => false,
    };
    for (service, rollout) in &deployment.rollouts {
        let state = next.services.entry(service.clone()).or_default();
        if rollout.has_begun(Begun::Clearing) {
            state.standby = None;
        }
        if promoted && is_kept(rollout) {
            promote(state, rollout);
        } else if rollout.phase == Phase::Returned && rollout.has_begun(Begun::StoppingOld) {
            // In place: the old release runs again, under new instances.
            state.stable = rollout.old().map(|old| Slot {
                instances: rollout.back.clone(),
                ..old.clone()
            });
        }
    }
    if promoted {
        next.revision = base.revision.saturating_add(1);
    }
    if deployment.is_ended() {
        next.lock = None;
    }
    next
}

/// Whether a rollout of a promoted deployment was promoted with it: stuck ones after promotion were.
fn is_kept(rollout: &Rollout) -> bool {
    rollout.is_promoted()
        || (matches!(rollout.phase, Phase::Stuck(_)) && rollout.returned_because.is_none())
}

fn promote(state: &mut ServiceState, rollout: &Rollout) {
    state.stable = Some(rollout.candidate.clone());
    if rollout.keeps_standby() {
        state.standby = rollout.old().cloned();
    }
    let release: &Release = &rollout.candidate.release;
    state
        .promoted
        .retain(|known| known.identity != release.identity);
    state.promoted.insert(0, release.clone());
    state.promoted.truncate(REMEMBERED);
}
