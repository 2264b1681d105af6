//! Passed: at 100 % and baked, still able to go back until the whole deployment is promoted.

use super::{forward, settling};
use crate::rollout::{Event, turn::Turn};

pub(super) fn on(turn: &mut Turn, event: &Event) {
    match event {
        Event::Promoted => settling::begin(turn),
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
        | Event::InstanceReady { .. }
        | Event::RouteApplied { .. }
        | Event::RouteFailed { .. }
        | Event::SlotDrained { .. }
        | Event::InstanceStopped { .. }
        | Event::StopFailed { .. }
        | Event::TimerFired { .. }
        | Event::Held
        | Event::Resumed
        | Event::Expedited
        | Event::ReturnTurn
        | Event::Retried
        | Event::DoneByHand { .. } => {}
    }
}
