//! The last look at what went back.

use std::collections::BTreeMap;

use windlass_model::{Fact, PlanKind, Proof, ServiceName, Slot};

use super::advance::ended;
use super::scoring;
use super::state::{Deployment, Prove};
use super::step::Turn;
use crate::rollout::{Begun, Phase, Rollout};

/// What must be looked at before the deployment ends: every service whose traffic had moved and is
/// back, and every one that was rolled back. Nothing where nothing had moved.
pub(super) fn due(deployment: &Deployment) -> BTreeMap<ServiceName, Prove> {
    deployment
        .rollouts
        .iter()
        .filter_map(|(service, rollout)| Some((service.clone(), look(deployment, rollout)?)))
        .collect()
}

fn look(deployment: &Deployment, rollout: &Rollout) -> Option<Prove> {
    let old = rollout.old()?;
    // An adjustment has one slot: there is nothing that traffic could have left.
    // The run of a command was its own proof.
    if rollout.adjusts() || rollout.is_command() {
        return None;
    }
    let moved = rollout.moved || deployment.tripped.contains(&rollout.service);
    match &rollout.phase {
        Phase::Returned if moved => {
            let at = if rollout.has_begun(Begun::StoppingOld) {
                Slot {
                    instances: rollout.back.clone(),
                    ..old.clone()
                }
            } else {
                old.clone()
            };
            let left = rollout.candidate.clone();
            Some(Prove { at, left })
        }
        Phase::Done if deployment.plan.kind == PlanKind::Rollback => Some(Prove {
            at: rollout.candidate.clone(),
            left: old.clone(),
        }),
        Phase::Waiting
        | Phase::Clearing(_)
        | Phase::StoppingOld(_)
        | Phase::Starting { .. }
        | Phase::Holding
        | Phase::Shifting { .. }
        | Phase::Baking { .. }
        | Phase::Passed
        | Phase::Settling(_)
        | Phase::Done
        | Phase::Returning(_)
        | Phase::Returned
        | Phase::Stuck(_) => None,
    }
}

/// What was seen is told, and that is the end.
pub(super) fn proved(turn: &mut Turn, proofs: &BTreeMap<ServiceName, Proof>) {
    if !turn.deployment.proving {
        return;
    }
    for service in due(&turn.deployment).into_keys() {
        if let Some(proof) = proofs.get(&service) {
            let proof = proof.clone();
            turn.facts.push(Fact::Proved { service, proof });
        }
    }
    turn.deployment.proving = false;
    if !scoring::measures_the_end(turn) {
        ended(turn);
    }
}
