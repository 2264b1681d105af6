//! Shifting: a new share is on its way to the routers.

use windlass_model::{Fact, Percent, ReturnReason};

use super::forward::{self, Waited};
use crate::rollout::turn::{SHIFT_WITHIN, Turn};
use crate::rollout::{Event, Phase, wait::Wait};

pub(super) fn on(turn: &mut Turn, event: &Event, attempt: u32, mut wait: Wait) {
    match event {
        Event::RouteApplied { attempt: answered } if *answered == attempt => {
            let rollout = &mut turn.rollout;
            let to = rollout
                .steps()
                .get(rollout.step)
                .map_or(Percent::FULL, |step| step.to);
            rollout.weight = to;
            rollout.moved = true;
            turn.facts.push(Fact::TrafficShifted {
                service: turn.rollout.service.clone(),
                slot: turn.rollout.candidate.id,
                version: turn.rollout.candidate.release.version.clone(),
                to,
            });
            forward::bake(turn);
        }
        Event::RouteFailed {
            attempt: answered,
            why,
        } if *answered == attempt => {
            turn.fail(ReturnReason::ShiftFailed(why.clone()));
        }
        Event::TimerFired { timer } => match forward::fired(turn, wait, *timer) {
            Waited::On(wait) => turn.rollout.phase = Phase::Shifting { attempt, wait },
            Waited::Over => {
                let why = format!("not confirmed within {SHIFT_WITHIN}");
                turn.fail(ReturnReason::ShiftFailed(why));
            }
        },
        Event::InstanceLost { instance, end, .. } => forward::candidate_lost(turn, instance, end),
        Event::Triggered { slot, trigger, saw } => forward::triggered(turn, *slot, (trigger, saw)),
        Event::Held => {
            wait.pause();
            turn.rollout.phase = Phase::Shifting { attempt, wait };
        }
        Event::Resumed | Event::Expedited => {
            let wait = forward::resumed(turn, wait);
            turn.rollout.phase = Phase::Shifting { attempt, wait };
        }
        Event::ReturnRequested { why } => turn.go_back(why.clone()),
        Event::NeedsPassed
        | Event::InstanceStarted { .. }
        | Event::Judged { .. }
        | Event::Scored { .. }
        | Event::RanUnseen { .. }
        | Event::SightLost
        | Event::SightBack
        | Event::AddressTaken { .. }
        | Event::StartFailed { .. }
        | Event::ProbeFailed { .. }
        | Event::InstanceReady { .. }
        | Event::RouteApplied { .. }
        | Event::RouteFailed { .. }
        | Event::SlotDrained { .. }
        | Event::InstanceStopped { .. }
        | Event::StopFailed { .. }
        | Event::ReturnTurn
        | Event::Retried
        | Event::DoneByHand { .. }
        | Event::Promoted => {}
    }
}
