//! Clearing: the displaced standby stops, and what was kept of an earlier failure.

use windlass_model::{Fact, ReturnReason};

use super::forward;
use crate::rollout::{Clearing, Event, Phase, turn::Turn};

pub(super) fn on(turn: &mut Turn, event: &Event, mut now: Clearing) {
    match event {
        Event::InstanceStopped { instance, .. } => {
            now.left.remove(instance);
            if !now.left.is_empty() {
                turn.rollout.phase = Phase::Clearing(now);
                return;
            }
            let service = &turn.rollout.service;
            let retired = turn.rollout.displaced().map(|slot| Fact::SlotRetired {
                service: service.clone(),
                slot: slot.id,
            });
            let retired: Vec<Fact> = retired.collect();
            turn.facts.extend(retired);
            forward::after_clearing(turn);
        }
        Event::StopFailed { instance, why } if now.left.contains(instance) => {
            turn.fail(ReturnReason::StopFailed(why.clone()));
        }
        Event::ReturnRequested { why } => turn.go_back(why.clone()),
        Event::NeedsPassed
        | Event::InstanceStarted { .. }
        | Event::AddressTaken { .. }
        | Event::StartFailed { .. }
        | Event::ProbeFailed { .. }
        | Event::InstanceReady { .. }
        | Event::InstanceLost { .. }
        | Event::Triggered { .. }
        | Event::Judged { .. }
        | Event::Scored { .. }
        | Event::RanUnseen { .. }
        | Event::SightLost
        | Event::SightBack
        | Event::RouteApplied { .. }
        | Event::RouteFailed { .. }
        | Event::SlotDrained { .. }
        | Event::StopFailed { .. }
        | Event::TimerFired { .. }
        | Event::Held
        | Event::Resumed
        | Event::Expedited
        | Event::ReturnTurn
        | Event::Retried
        | Event::DoneByHand { .. }
        | Event::Promoted => {}
    }
}
