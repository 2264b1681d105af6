//! What routers do by themselves.

use windlass_model::{Fact, PlanKind, ReturnReason, ServiceName};

use super::advance::goes_back;
use super::state::Course;
use super::step::Turn;
use crate::rollout;

/// Longest text kept of what a router saw, in characters.
const SAW_LONGEST: usize = 500;

fn kept(saw: &str) -> String {
    saw.chars().take(SAW_LONGEST).collect()
}

/// Traffic is back already: what it left follows, and whatever goes back with it. News once per
/// service, so that a trip that is told again after a crash changes nothing.
pub(super) fn tripped(
    turn: &mut Turn,
    service: &ServiceName,
    (took_back, saw): (&[ServiceName], &str),
) {
    let Some(rollout) = turn.deployment.rollouts.get(service) else {
        return;
    };
    let goes_back = goes_back(rollout);
    if !turn.deployment.tripped.insert(service.clone()) {
        return;
    }
    let saw = kept(saw);
    turn.facts.push(Fact::TripwireFired {
        service: service.clone(),
        took_back: took_back.to_vec(),
        saw: saw.clone(),
    });
    // A rollback arms nothing, and takes no orders of what is left of an earlier deployment.
    let rollback = turn.deployment.plan.kind == PlanKind::Rollback;
    if goes_back || rollback || turn.deployment.course == Course::Promoted {
        return;
    }
    let service = service.clone();
    let why = ReturnReason::Tripped {
        service: service.clone(),
        saw,
    };
    turn.rollout(&service, &rollout::Event::ReturnRequested { why });
}

/// Told once until readiness changes: the router tries again then.
pub(super) fn withheld(turn: &mut Turn, service: &ServiceName, saw: &str) {
    let known = turn.deployment.rollouts.contains_key(service);
    if known && turn.deployment.withheld.insert(service.clone()) {
        turn.facts.push(Fact::TripwireWithheld {
            service: service.clone(),
            saw: kept(saw),
        });
    }
}

/// Readiness changes: what was withheld is news again.
pub(super) fn forget_withheld(turn: &mut Turn, service: &ServiceName, event: &rollout::Event) {
    let Some(rollout) = turn.deployment.rollouts.get(service) else {
        return;
    };
    let changes = match event {
        rollout::Event::InstanceReady { instance } => !rollout.health.ready.contains(instance),
        rollout::Event::InstanceLost { instance, .. } => rollout.health.ready.contains(instance),
        rollout::Event::NeedsPassed
        | rollout::Event::InstanceStarted { .. }
        | rollout::Event::AddressTaken { .. }
        | rollout::Event::StartFailed { .. }
        | rollout::Event::ProbeFailed { .. }
        | rollout::Event::Triggered { .. }
        | rollout::Event::Judged { .. }
        | rollout::Event::Scored { .. }
        | rollout::Event::RanUnseen { .. }
        | rollout::Event::SightLost
        | rollout::Event::SightBack
        | rollout::Event::RouteApplied { .. }
        | rollout::Event::RouteFailed { .. }
        | rollout::Event::SlotDrained { .. }
        | rollout::Event::InstanceStopped { .. }
        | rollout::Event::StopFailed { .. }
        | rollout::Event::TimerFired { .. }
        | rollout::Event::Held
        | rollout::Event::Resumed
        | rollout::Event::Expedited
        | rollout::Event::ReturnRequested { .. }
        | rollout::Event::ReturnTurn
        | rollout::Event::Retried
        | rollout::Event::DoneByHand { .. }
        | rollout::Event::Promoted => false,
    };
    if changes {
        turn.deployment.withheld.clear();
    }
}
