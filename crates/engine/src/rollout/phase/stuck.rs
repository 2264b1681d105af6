//! Stuck: only a person goes on from here.

use windlass_model::StuckReason;

use super::{forward, late, settling, way_back};
use crate::rollout::{AfterEnd, Event, turn::Turn};

pub(super) fn on(turn: &mut Turn, event: &Event, reason: &StuckReason) {
    if matches!(event, Event::Retried | Event::ReturnRequested { .. }) {
        turn.rollout.counters.words += 1;
    }
    match event {
        // What was under way is tried again, or turned round. Past the promotion there is no way back.
        Event::ReturnRequested { why } => match reason {
            StuckReason::SettleFailed(_) => {}
            StuckReason::ReturnTimedOut(_)
            | StuckReason::NoCapacity
            | StuckReason::RollbackFailed(_)
            | StuckReason::OutcomeUnknown(_) => turn.go_back(why.clone()),
            StuckReason::CommandFailed(_) => way_back::once_more(turn),
        },
        Event::Retried => match reason {
            StuckReason::SettleFailed(_) => settling::begin(turn),
            StuckReason::ReturnTimedOut(_) | StuckReason::NoCapacity => turn.way_back(),
            StuckReason::CommandFailed(_) => way_back::once_more(turn),
            StuckReason::RollbackFailed(_) if late::may_run(turn, reason) => {
                late::end(turn, AfterEnd::Again);
            }
            StuckReason::RollbackFailed(_) | StuckReason::OutcomeUnknown(_) => {
                forward::once_more(turn);
            }
        },
        Event::DoneByHand { by } => match reason {
            StuckReason::SettleFailed(_) => settling::done(turn),
            StuckReason::ReturnTimedOut(_)
            | StuckReason::NoCapacity
            | StuckReason::CommandFailed(_) => {
                turn.rollout.word = Some(by.clone());
                way_back::returned(turn);
            }
            StuckReason::OutcomeUnknown(_) => forward::taken_as_live(turn, by),
            // What a script brings need not run to be live.
            StuckReason::RollbackFailed(_) if turn.rollout.is_command() => {
                forward::taken_as_live(turn, by);
            }
            // The deployment takes no such word any more; a journal may hold one that it took.
            StuckReason::RollbackFailed(_) => {
                turn.rollout.returned_because = None;
                settling::done(turn);
            }
        },
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
        | Event::InstanceStopped { .. }
        | Event::StopFailed { .. }
        | Event::TimerFired { .. }
        | Event::Held
        | Event::Resumed
        | Event::Expedited
        | Event::ReturnTurn
        | Event::Promoted => {}
    }
}
