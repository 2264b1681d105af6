//! Holding: due for a raise, but a person asked to wait, or an instance is not ready any more.

use super::forward;
use crate::rollout::{Event, turn::Turn};

pub(super) fn on(turn: &mut Turn, event: &Event) {
    match event {
        Event::Resumed | Event::Expedited | Event::InstanceReady { .. } => forward::due(turn),
        Event::InstanceLost { instance, end, .. } => forward::candidate_lost(turn, instance, end),
        Event::Triggered { slot, trigger, saw } => forward::triggered(turn, *slot, (trigger, saw)),
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
        | Event::RouteApplied { .. }
        | Event::RouteFailed { .. }
        | Event::SlotDrained { .. }
        | Event::InstanceStopped { .. }
        | Event::StopFailed { .. }
        | Event::TimerFired { .. }
        | Event::Held
        | Event::ReturnTurn
        | Event::Retried
        | Event::DoneByHand { .. }
        | Event::Promoted => {}
    }
}
