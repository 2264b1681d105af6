//! Stopping the old slot before the new one starts: `recreate`, and services that may not overlap.

use std::collections::BTreeSet;

use windlass_model::{Fact, InstanceId, ReturnReason};

use super::forward::{self, Waited};
use crate::rollout::turn::{SHIFT_WITHIN, Turn};
use crate::rollout::{Action, Event, Phase, StoppingOld, wait::Wait};

pub(super) fn on(turn: &mut Turn, event: &Event, now: StoppingOld) {
    if let Event::ReturnRequested { why } = event {
        return turn.go_back(why.clone());
    }
    match now {
        StoppingOld::Closing { attempt, wait } => closing(turn, event, attempt, wait),
        StoppingOld::Draining => draining(turn, event),
        StoppingOld::Stopping { left } => stopping(turn, event, left),
    }
}

fn closing(turn: &mut Turn, event: &Event, attempt: u32, mut wait: Wait) {
    let with = |wait: Wait| Phase::StoppingOld(StoppingOld::Closing { attempt, wait });
    match event {
        Event::RouteApplied { attempt: answered } if *answered == attempt => {
            if let Some(old) = turn.rollout.old() {
                let (slot, within) = (old.id, old.spec.drain);
                turn.act(Action::AwaitDrain { slot, within });
            }
            turn.enter(Phase::StoppingOld(StoppingOld::Draining));
        }
        Event::RouteFailed {
            attempt: answered,
            why,
        } if *answered == attempt => turn.fail(ReturnReason::ShiftFailed(why.clone())),
        Event::TimerFired { timer } => match forward::fired(turn, wait, *timer) {
            Waited::On(wait) => turn.rollout.phase = with(wait),
            Waited::Over => {
                let why = format!("not confirmed within {SHIFT_WITHIN}");
                turn.fail(ReturnReason::ShiftFailed(why));
            }
        },
        Event::Held => {
            wait.pause();
            turn.rollout.phase = with(wait);
        }
        Event::Resumed | Event::Expedited => {
            let wait = forward::resumed(turn, wait);
            turn.rollout.phase = with(wait);
        }
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
        | Event::ReturnRequested { .. }
        | Event::ReturnTurn
        | Event::Retried
        | Event::DoneByHand { .. }
        | Event::Promoted => {}
    }
}

fn draining(turn: &mut Turn, event: &Event) {
    if let Event::SlotDrained { slot, cut } = event
        && turn.rollout.old().is_some_and(|old| old.id == *slot)
    {
        let service = turn.rollout.service.clone();
        turn.facts.push(Fact::SlotDrained {
            service,
            slot: *slot,
            cut: *cut,
        });
        forward::stop_old(turn);
    }
}

fn stopping(turn: &mut Turn, event: &Event, mut left: BTreeSet<InstanceId>) {
    if let Event::InstanceStopped { instance, .. } = event {
        left.remove(instance);
        if left.is_empty() {
            forward::start(turn);
        } else {
            turn.rollout.phase = Phase::StoppingOld(StoppingOld::Stopping { left });
        }
    } else if let Event::StopFailed { instance, why } = event
        && left.contains(instance)
    {
        turn.fail(ReturnReason::StopFailed(why.clone()));
    }
}
