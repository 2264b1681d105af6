//! What an environment runs once a deployment has come so far.

use std::collections::BTreeMap;

use windlass_model::{
    Change, Environment, KeptFailed, PlanKind, Promoted, ServiceName, ServiceState, Slot,
    StandbyKept, StuckReason,
};

use crate::deployment::{Course, Deployment, Names};
use crate::rollout::{Begun, Phase, Rollout};

/// Promoted releases remembered per service; their files are kept for a rollback.
pub const REMEMBERED: usize = 5;

/// `base` with services under other names: `renames` leads from the new name to the old one. Again
/// changes nothing. Whoever allots slots for a plan with renames does it by this.
#[must_use]
pub fn renamed(base: &Environment, renames: &BTreeMap<ServiceName, ServiceName>) -> Environment {
    let mut next = base.clone();
    for (service, from) in renames {
        if let Some(mut state) = next.services.remove(from) {
            // Nothing runs under the new name, but numbers may have been used under it.
            let before = next.services.get(service).map(|known| known.next_slot);
            state.next_slot = state.next_slot.max(before.unwrap_or_default());
            next.services.insert(service.clone(), state);
        }
    }
    next
}

/// `base` with the lock, names and slot numbers of a deployment that begins.
#[must_use]
pub fn locked(base: &Environment, deployment: &Deployment) -> Environment {
    let mut next = renamed(base, &deployment.plan.renames);
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
    if deployment.is_ended() && deployment.names != Names::Known {
        // Given up before anything began: the router, as far as anybody knows, has the old names.
        return base.clone();
    }
    let mut next = locked(base, deployment);
    let promoted = match deployment.course {
        Course::Promoted => true,
        Course::Ended(_) => deployment.rollouts.values().any(is_kept),
        Course::Forward | Course::Promoting | Course::Returning => false,
    };
    for (service, rollout) in &deployment.rollouts {
        let state = next.services.entry(service.clone()).or_default();
        if rollout.has_begun(Begun::Clearing) {
            // The standby that is gone back to stays until the promotion makes it stable.
            if !rollout.is_warm() {
                state.drop_standby();
            }
            state.failed = None;
        }
        if rollout.phase == Phase::Returned && rollout.leaves_failed() {
            state.failed = Some(KeptFailed {
                by: deployment.id.clone(),
                slot: rollout.candidate.clone(),
            });
        }
        if promoted && is_kept(rollout) {
            promote(state, rollout, deployment);
        } else if rollout.phase == Phase::Returned && rollout.has_begun(Begun::StoppingOld) {
            // In place: the old release runs again, under new instances.
            state.stable = rollout.old().map(|old| Slot {
                instances: rollout.back.clone(),
                ..old.clone()
            });
        }
    }
    let names = deployment.names == Names::Known && !deployment.plan.renames.is_empty();
    if promoted || names {
        next.revision = base.revision.saturating_add(1);
    }
    if deployment.is_ended() {
        next.lock = None;
    }
    next
}

/// Whether a rollout of a promoted deployment was promoted with it: stuck ones after promotion were.
fn is_kept(rollout: &Rollout) -> bool {
    let stuck = matches!(&rollout.phase, Phase::Stuck(StuckReason::SettleFailed(_)));
    rollout.is_promoted() || stuck
}

fn promote(state: &mut ServiceState, rollout: &Rollout, deployment: &Deployment) {
    let plan = &deployment.plan;
    if rollout.plan.change == Change::Remove {
        // Its numbers are never used again, should it come back.
        *state = ServiceState {
            next_slot: state.next_slot,
            ..ServiceState::default()
        };
        return;
    }
    state.stable = Some(rollout.candidate.clone());
    state.adopted = false;
    state.down = None;
    if rollout.keeps_standby() {
        state.standby = rollout.old().cloned();
        state.standby_kept = Some(StandbyKept {
            by: deployment.id.clone(),
            finalize: plan.finalize,
        });
    }
    let slot = &rollout.candidate;
    let release = &slot.release;
    state
        .promoted
        .retain(|known| known.release.identity != release.identity);
    let promoted = Promoted {
        release: release.clone(),
        spec: slot.spec.clone(),
    };
    state.promoted.insert(0, promoted);
    state.promoted.truncate(REMEMBERED);
    if plan.kind == PlanKind::Rollback {
        // What it left is no standby: it must not come back by itself. What was kept of a failure goes
        // with it.
        state.drop_standby();
        state.failed = None;
        // Whoever asks for a release that was left before takes a rollback back: that says nothing
        // against what is left now.
        if !state.rolled_back.contains(release) {
            let left = rollout.old().map(|old| old.release.clone());
            state.rolled_back.extend(left);
        }
    }
    state.rolled_back.remove(release);
    // What is forgotten can't be gone back to, so that it needn't be warned of.
    let ServiceState {
        promoted,
        rolled_back,
        ..
    } = state;
    rolled_back.retain(|bad| promoted.iter().any(|known| known.release == *bad));
}
