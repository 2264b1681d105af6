//! Holding: ready for a raise, but a person asked to wait.

use super::forward;
use crate::rollout::{Event, turn::Turn};

pub(super) fn on(turn: &mut Turn, event: &Event) {
    match event {
        Event::Resumed | Event::Expedited => forward::due(turn),
        Event::InstanceLost { instance, end } => forward::candidate_lost(turn, instance, end),
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
        | Event::TimerFired { .. }
        | Event::Held
        | Event::ReturnTurn
        | Event::Promoted => {}
    }
}
