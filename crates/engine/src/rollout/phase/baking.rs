//! Baking: the candidate is watched at a share.

use windlass_model::Millis;

use super::forward::{self, Waited};
use super::{evidence, score};
use crate::rollout::{Event, Phase, turn::Turn, wait::Wait};

pub(super) fn on(turn: &mut Turn, event: &Event, mut wait: Wait) {
    match event {
        Event::TimerFired { timer } => match forward::fired(turn, wait, *timer) {
            Waited::On(wait) => turn.rollout.phase = Phase::Baking { wait },
            Waited::Over => evidence::time_over(turn),
        },
        Event::InstanceLost { instance, end, .. } => {
            // Only what was seen good all through has been watched.
            if !turn.rollout.is_steady() {
                wait.pause();
                turn.rollout.phase = Phase::Baking { wait };
            }
            forward::candidate_lost(turn, instance, end);
        }
        Event::Triggered { slot, trigger, saw } => forward::triggered(turn, *slot, (trigger, saw)),
        Event::Judged { .. } => evidence::judged(turn),
        Event::Scored { step, score } => score::scored(turn, (*step, score), &wait),
        // Only what was seen has been watched.
        Event::Held | Event::SightLost => {
            wait.pause();
            turn.rollout.phase = Phase::Baking { wait };
        }
        Event::Resumed => {
            score::let_go(turn);
            goes_on(turn, wait);
        }
        Event::Expedited | Event::SightBack | Event::InstanceReady { .. } => goes_on(turn, wait),
        Event::ReturnRequested { why } => turn.go_back(why.clone()),
        Event::NeedsPassed
        | Event::InstanceStarted { .. }
        | Event::AddressTaken { .. }
        | Event::StartFailed { .. }
        | Event::ProbeFailed { .. }
        | Event::RouteApplied { .. }
        | Event::RouteFailed { .. }
        | Event::SlotDrained { .. }
        | Event::InstanceStopped { .. }
        | Event::StopFailed { .. }
        | Event::ReturnTurn
        | Event::Retried
        | Event::RanUnseen { .. }
        | Event::DoneByHand { .. }
        | Event::Promoted => {}
    }
}

/// The clock runs while nobody asked to wait, every instance is ready, and answers are seen.
fn goes_on(turn: &mut Turn, wait: Wait) {
    if turn.rollout.held || !turn.rollout.is_steady() {
        return;
    }
    let skips = turn.rollout.expedited || evidence::has_come(&turn.rollout);
    if skips || wait.remaining == Millis::ZERO {
        return evidence::time_over(turn);
    }
    if turn.rollout.health.blind {
        return;
    }
    let wait = forward::resumed(turn, wait);
    turn.rollout.phase = Phase::Baking { wait };
}
