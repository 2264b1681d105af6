//! Returning: back to what was, within a deadline, whatever it takes.

use windlass_model::{Fact, InstanceEnd, InstanceId, Millis, StuckReason, TimerId};

use super::forward::{self, Waited};
use super::{starting, way_back};
use crate::rollout::{Action, AfterEnd, Event, Phase, Return, Stage, turn::Turn};

pub(super) fn on(turn: &mut Turn, event: &Event, now: Return) {
    match event {
        Event::TimerFired { timer } => fired(turn, now, *timer),
        Event::ReturnTurn if now.stage == Stage::Turn => way_back::begin(turn, now),
        Event::InstanceReady { .. } => ready(turn, now),
        Event::RouteApplied { attempt } => applied(turn, now, *attempt),
        Event::RouteFailed { attempt, why } => {
            if now.stage == (Stage::Routing { attempt: *attempt })
                || now.stage == (Stage::Finishing { attempt: *attempt })
            {
                again(turn, now, why);
            }
        }
        Event::SlotDrained { slot, cut }
            if now.stage == Stage::Draining && *slot == turn.rollout.candidate.id =>
        {
            let service = turn.rollout.service.clone();
            turn.facts.push(Fact::SlotDrained {
                service,
                slot: *slot,
                cut: *cut,
            });
            way_back::stop(turn, now);
        }
        Event::InstanceStopped { instance, .. } => stopped(turn, now, instance),
        Event::StopFailed { instance, why } => not_stopped(turn, now, (instance, why)),
        Event::StartFailed { instance, why } => {
            if now.stage == Stage::Restarting && is_back(turn, instance) {
                if turn.rollout.is_command() {
                    let end = InstanceEnd::NotStarted(why.clone());
                    return turn.stuck(StuckReason::CommandFailed(end));
                }
                again(turn, now, why);
            }
        }
        Event::RanUnseen { instance, ran } => ran_unseen(turn, now, (instance, *ran)),
        // A command does not come back by itself.
        Event::InstanceLost { instance, end, .. }
            if turn.rollout.is_command()
                && now.stage == Stage::Restarting
                && is_back(turn, instance) =>
        {
            turn.stuck(StuckReason::CommandFailed(end.clone()));
        }
        Event::AddressTaken { instance, .. } => address_taken(turn, now, instance),
        Event::NeedsPassed
        | Event::InstanceStarted { .. }
        | Event::ProbeFailed { .. }
        | Event::InstanceLost { .. }
        | Event::Triggered { .. }
        | Event::Judged { .. }
        | Event::Scored { .. }
        | Event::SightLost
        | Event::SightBack
        | Event::SlotDrained { .. }
        | Event::Held
        | Event::Resumed
        | Event::Expedited
        | Event::ReturnRequested { .. }
        | Event::ReturnTurn
        | Event::Retried
        | Event::DoneByHand { .. }
        | Event::Promoted => {}
    }
}

fn not_stopped(turn: &mut Turn, now: Return, (instance, why): (&InstanceId, &str)) {
    let (Stage::Stopping { left } | Stage::Ending { left, .. }) = &now.stage else {
        return;
    };
    if left.contains(instance) {
        again(turn, now, why);
    }
}

fn ran_unseen(turn: &mut Turn, now: Return, (instance, ran): (&InstanceId, Millis)) {
    if now.stage == Stage::Restarting && is_back(turn, instance) {
        let waited = forward::unseen(turn, now.wait.clone(), ran);
        go_on(turn, now, waited);
    }
}

fn is_back(turn: &Turn, instance: &InstanceId) -> bool {
    turn.rollout.back.iter().any(|i| i.id == *instance)
}

/// Notes what went wrong and asks again in a moment; the deadline goes on.
fn again(turn: &mut Turn, mut now: Return, why: &str) {
    now.trouble = Some(why.to_owned());
    if now.retry.is_none() {
        now.retry = Some(turn.retry_timer());
    }
    turn.rollout.phase = Phase::Returning(now);
}

fn fired(turn: &mut Turn, mut now: Return, timer: TimerId) {
    if now.retry == Some(timer) {
        now.retry = None;
        // The deadline's own timer still runs.
        return way_back::again(turn, now);
    }
    let waited = forward::fired(turn, now.wait.clone(), timer);
    go_on(turn, now, waited);
}

fn go_on(turn: &mut Turn, mut now: Return, waited: Waited) {
    match waited {
        Waited::On(wait) => {
            now.wait = wait;
            turn.rollout.phase = Phase::Returning(now);
        }
        Waited::Over => out_of_time(turn, now),
    }
}

fn out_of_time(turn: &mut Turn, mut now: Return) {
    if now.stage == Stage::Restarting && turn.rollout.any_ready(&turn.rollout.back) {
        // One instance that serves is better than none; the others are started again on and on.
        now.wait = turn.wait(turn.rollout.plan.spec.rollback_within);
        return way_back::finish(turn, now);
    }
    if now.stage == Stage::Restarting && turn.rollout.is_command() {
        let saw = way_back::last_seen(&turn.rollout);
        return way_back::end(turn, now, AfterEnd::Stuck { saw });
    }
    let trouble = now
        .trouble
        .unwrap_or_else(|| starting::NO_ANSWER.to_owned());
    let why = match &now.stage {
        Stage::Capacity => StuckReason::NoCapacity,
        // Why it was to be ended comes first.
        Stage::Ending {
            then: AfterEnd::Stuck { saw },
            ..
        } => StuckReason::ReturnTimedOut(way_back::too_late(
            &turn.rollout,
            saw.as_deref(),
            Some(&trouble),
        )),
        Stage::Turn
        | Stage::Routing { .. }
        | Stage::Draining
        | Stage::Stopping { .. }
        | Stage::Restarting
        | Stage::Ending { .. }
        | Stage::Finishing { .. } => StuckReason::ReturnTimedOut(trouble),
    };
    turn.stuck(why);
}

fn ready(turn: &mut Turn, now: Return) {
    match now.stage {
        Stage::Capacity => way_back::route(turn, now),
        Stage::Restarting => way_back::restarted(turn, now),
        Stage::Turn
        | Stage::Routing { .. }
        | Stage::Draining
        | Stage::Stopping { .. }
        | Stage::Ending { .. }
        | Stage::Finishing { .. } => {}
    }
}

fn applied(turn: &mut Turn, now: Return, answered: u32) {
    match now.stage {
        Stage::Routing { attempt } if attempt == answered => way_back::routed(turn, now),
        Stage::Finishing { attempt } if attempt == answered => way_back::returned(turn),
        Stage::Turn
        | Stage::Capacity
        | Stage::Routing { .. }
        | Stage::Draining
        | Stage::Stopping { .. }
        | Stage::Restarting
        | Stage::Ending { .. }
        | Stage::Finishing { .. } => {}
    }
}

fn stopped(turn: &mut Turn, mut now: Return, instance: &InstanceId) {
    let (left, ends) = match &mut now.stage {
        Stage::Stopping { left } => (left, None),
        Stage::Ending { left, then } => (left, Some(then.clone())),
        Stage::Turn
        | Stage::Capacity
        | Stage::Routing { .. }
        | Stage::Draining
        | Stage::Restarting
        | Stage::Finishing { .. } => return,
    };
    left.remove(instance);
    match (left.is_empty(), ends) {
        (true, None) => way_back::stopped(turn, now),
        (true, Some(then)) => way_back::ended(turn, then),
        (false, _) => turn.rollout.phase = Phase::Returning(now),
    }
}

fn address_taken(turn: &mut Turn, now: Return, instance: &InstanceId) {
    if now.stage != Stage::Restarting || !is_back(turn, instance) {
        return;
    }
    let tries = turn
        .rollout
        .health
        .tries
        .get(instance)
        .copied()
        .unwrap_or_default();
    if tries > starting::ADDRESS_TRIES {
        again(turn, now, "every address tried was taken");
    } else {
        let found = turn.rollout.back.iter().find(|i| i.id == *instance);
        let start: Option<Action> = found.map(|i| turn.rollout.start_action(i));
        turn.actions.extend(start);
    }
}
