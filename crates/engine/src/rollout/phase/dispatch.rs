//! Which phase hears an event.

use super::{
    baking, books, clearing, forward, holding, late, passed, returning, settling, shifting,
    starting, stopping_old, stuck,
};
use crate::rollout::{Event, Phase, Rollout, Stepped, turn::Turn};

/// Advances one rollout by one event.
///
/// Total: a late or repeated event changes no phase and asks for nothing, so that replaying a
/// journal from any point ends in the same place.
pub fn step(rollout: Rollout, event: &Event) -> Stepped {
    let mut turn = Turn::new(rollout);
    if books::is_stale(&turn.rollout, event) {
        return turn.finish();
    }
    books::keep(&mut turn, event);
    match turn.rollout.phase.clone() {
        Phase::Waiting => match event {
            Event::NeedsPassed => forward::begin(&mut turn),
            Event::ReturnRequested { why } => turn.go_back(why.clone()),
            Event::InstanceStarted { .. }
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
            | Event::Retried
            | Event::DoneByHand { .. }
            | Event::Promoted => {}
        },
        Phase::Clearing(now) => clearing::on(&mut turn, event, now),
        Phase::StoppingOld(now) => stopping_old::on(&mut turn, event, now),
        Phase::Starting { wait, late: None } => starting::on(&mut turn, event, wait),
        Phase::Starting {
            wait,
            late: Some(now),
        } => late::on(&mut turn, event, (wait, now)),
        Phase::Holding => holding::on(&mut turn, event),
        Phase::Shifting { attempt, wait } => shifting::on(&mut turn, event, attempt, wait),
        Phase::Baking { wait } => baking::on(&mut turn, event, wait),
        Phase::Passed => passed::on(&mut turn, event),
        Phase::Settling(now) => settling::on(&mut turn, event, now),
        Phase::Returning(now) => returning::on(&mut turn, event, now),
        Phase::Stuck(reason) => stuck::on(&mut turn, event, &reason),
        Phase::Done | Phase::Returned => {}
    }
    turn.finish()
}
