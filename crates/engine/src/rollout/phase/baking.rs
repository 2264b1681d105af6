//! Baking: the candidate is watched at a share.

use super::forward::{self, Waited};
use crate::rollout::{Event, Phase, turn::Turn, wait::Wait};

pub(super) fn on(turn: &mut Turn, event: &Event, mut wait: Wait) {
    match event {
        Event::TimerFired { timer } => match forward::fired(turn, wait, *timer) {
            Waited::On(wait) => turn.rollout.phase = Phase::Baking { wait },
            Waited::Over => forward::step_done(turn),
        },
        Event::InstanceLost { instance, end } => forward::candidate_lost(turn, instance, end),
        Event::Held => {
            wait.pause();
            turn.rollout.phase = Phase::Baking { wait };
        }
        Event::Resumed => {
            let wait = forward::resumed(turn, wait);
            turn.rollout.phase = Phase::Baking { wait };
        }
        Event::Expedited => forward::step_done(turn),
        Event::ReturnRequested { why } => turn.fail(why.clone()),
        Event::NeedsPassed
        | Event::InstanceStarted { .. }
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
        | Event::Promoted => {}
    }
}
