//! Starting: new instances start and become ready, within their time.

use windlass_model::{InstanceEnd, InstanceId, ReturnReason, StuckReason};

use super::forward::{self, Waited};
use super::late;
use crate::rollout::{AfterEnd, Event, Phase, turn::Turn, wait::Wait};

/// What was seen of one that has said nothing.
pub(super) const NO_ANSWER: &str = "no answer";

/// Addresses tried for one instance beyond the first.
pub(super) const ADDRESS_TRIES: u8 = 4;

pub(super) fn on(turn: &mut Turn, event: &Event, mut wait: Wait) {
    match event {
        Event::InstanceReady { .. } => forward::raise_when_ready(turn),
        Event::StartFailed { instance, why } => {
            forward::candidate_lost(turn, instance, &InstanceEnd::NotStarted(why.clone()));
        }
        Event::AddressTaken { instance, .. } => address_taken(turn, instance),
        Event::InstanceLost { instance, end, .. } => lost(turn, instance, end),
        Event::TimerFired { timer } => match forward::fired(turn, wait, *timer) {
            Waited::On(wait) => goes_on(turn, wait),
            Waited::Over => out_of_time(turn),
        },
        Event::RanUnseen { instance, ran } => {
            let fresh = turn.rollout.fresh();
            let is_its = fresh.into_iter().any(|i| i.id == *instance);
            // Held, its time stands still.
            if !is_its || wait.timer.is_none() {
                return;
            }
            match forward::unseen(turn, wait, *ran) {
                Waited::On(wait) => goes_on(turn, wait),
                Waited::Over => out_of_time(turn),
            }
        }
        Event::Held => {
            wait.pause();
            goes_on(turn, wait);
        }
        Event::Resumed | Event::Expedited => {
            let wait = forward::resumed(turn, wait);
            goes_on(turn, wait);
        }
        Event::ReturnRequested { why } => turn.go_back(why.clone()),
        Event::NeedsPassed
        | Event::InstanceStarted { .. }
        | Event::ProbeFailed { .. }
        | Event::Triggered { .. }
        | Event::Judged { .. }
        | Event::Scored { .. }
        | Event::SightLost
        | Event::SightBack
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

fn goes_on(turn: &mut Turn, wait: Wait) {
    turn.rollout.phase = Phase::Starting { wait, late: None };
}

/// A command of which nobody knows how it ended may have done its work: only a person can tell.
fn lost(turn: &mut Turn, instance: &InstanceId, end: &InstanceEnd) {
    let rollout = &turn.rollout;
    if rollout.turns_back(instance, end)
        && *end == InstanceEnd::Unknown
        && let Some((run, _)) = rollout.run(false)
    {
        return turn.stuck(StuckReason::OutcomeUnknown(run.version));
    }
    forward::candidate_lost(turn, instance, end);
}

fn address_taken(turn: &mut Turn, instance: &InstanceId) {
    let rollout = &turn.rollout;
    let Some(fresh) = rollout.fresh().into_iter().find(|i| i.id == *instance) else {
        return;
    };
    if rollout
        .health
        .tries
        .get(instance)
        .copied()
        .unwrap_or_default()
        > ADDRESS_TRIES
    {
        let why = "every address tried was taken".to_owned();
        return forward::candidate_lost(turn, instance, &InstanceEnd::NotStarted(why));
    }
    let action = rollout.start_action(fresh);
    turn.act(action);
}

fn out_of_time(turn: &mut Turn) {
    let rollout = &turn.rollout;
    let late = rollout
        .judged()
        .into_iter()
        .find(|i| !rollout.health.ready.contains(&i.id));
    let Some(instance) = late.map(|i| i.id.clone()) else {
        return;
    };
    let saw = rollout.health.last_seen.get(&instance).cloned();
    // Nothing goes back from a rollback that fails, and a person is to go on: not beside a run that does too.
    if turn.rollout.is_rollback() && turn.rollout.is_command() {
        return late::end(turn, AfterEnd::Stuck { saw });
    }
    let end = InstanceEnd::NeverReady(saw.unwrap_or_else(|| NO_ANSWER.to_owned()));
    turn.fail(ReturnReason::InstanceLost { instance, end });
}
