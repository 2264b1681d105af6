//! Settling: promoted; what leaves drains and stops, a standby stays.

use windlass_model::{Fact, InstanceId, Percent, StuckReason, TimerId};

use crate::rollout::{Action, Event, Phase, Settling, turn::Turn};

/// Tries of an action after promotion before a person is called: one a second.
const SETTLE_TRIES: u16 = 120;

/// The candidate is stable from here on.
pub(super) fn begin(turn: &mut Turn) {
    let kept: Vec<InstanceId> = turn
        .rollout
        .candidate
        .instances
        .iter()
        .map(|i| i.id.clone())
        .collect();
    // A command has ended, and stays so.
    let keeps = !turn.rollout.is_command();
    for instance in kept.into_iter().filter(|_| keeps) {
        turn.act(Action::KeepInstance { instance });
    }
    turn.rollout.counters.settle_tries = 0;
    let rollout = &turn.rollout;
    if rollout.retires() {
        // At weight 0 already: it drains before it leaves the table.
        return drain(turn);
    }
    if rollout.closes() {
        let attempt = turn.apply_forward(turn.rollout.route_leaving());
        return turn.enter(Phase::Settling(Settling::Closing {
            attempt,
            retry: None,
        }));
    }
    let is_so = rollout.route_final() == rollout.route_at(Percent::FULL);
    if rollout.has_route() && !is_so {
        route(turn);
    } else {
        drain(turn);
    }
}

fn route(turn: &mut Turn) {
    let attempt = turn.apply_forward(turn.rollout.route_final());
    turn.enter(Phase::Settling(Settling::Routing {
        attempt,
        retry: None,
    }));
}

/// Every router sees the final route.
fn routed(turn: &mut Turn) {
    if turn.rollout.closes() || turn.rollout.retires() {
        // It has drained before it left the table.
        stop(turn);
    } else {
        drain(turn);
    }
}

/// Lets requests on the old slot end. The slot of an adjustment goes on serving, so that its count
/// never ends: instances that leave it get no new requests and end theirs within their stop time.
fn drain(turn: &mut Turn) {
    let rollout = &turn.rollout;
    let drains = rollout.keeps_standby() || rollout.retires() || rollout.closes();
    if let Some(old) = rollout.old().filter(|_| drains) {
        let (slot, within) = (old.id, old.spec.drain);
        turn.act(Action::AwaitDrain { slot, within });
        turn.enter(Phase::Settling(Settling::Draining));
    } else {
        stop(turn);
    }
}

fn drained(turn: &mut Turn) {
    if turn.rollout.closes() || turn.rollout.retires() {
        route(turn);
    } else {
        stop(turn);
    }
}

fn stop(turn: &mut Turn) {
    let leaving: Vec<InstanceId> = turn
        .rollout
        .leaving()
        .into_iter()
        .map(|i| i.id.clone())
        .collect();
    if leaving.is_empty() {
        return done(turn);
    }
    let left = turn.stop(leaving);
    turn.enter(Phase::Settling(Settling::Stopping { left, retry: None }));
}

/// Asks again in a moment, or gives up.
fn again(turn: &mut Turn, why: &str, with_retry: impl Fn(Option<TimerId>) -> Settling) {
    turn.rollout.counters.settle_tries = turn.rollout.counters.settle_tries.saturating_add(1);
    if turn.rollout.counters.settle_tries > SETTLE_TRIES {
        let reason = StuckReason::SettleFailed(why.to_owned());
        return turn.stuck(reason);
    }
    let retry = Some(turn.retry_timer());
    turn.rollout.phase = Phase::Settling(with_retry(retry));
}

pub(super) fn on(turn: &mut Turn, event: &Event, now: Settling) {
    match event {
        Event::RouteApplied { attempt } => match now {
            Settling::Closing { attempt: ours, .. } if ours == *attempt => drain(turn),
            Settling::Routing { attempt: ours, .. } if ours == *attempt => routed(turn),
            Settling::Closing { .. }
            | Settling::Routing { .. }
            | Settling::Draining
            | Settling::Stopping { .. } => {}
        },
        Event::RouteFailed { attempt, why } => refused(turn, &now, *attempt, why),
        Event::SlotDrained { slot, cut } => {
            let ours = turn.rollout.old().is_some_and(|old| old.id == *slot);
            if now == Settling::Draining && ours {
                let service = turn.rollout.service.clone();
                turn.facts.push(Fact::SlotDrained {
                    service,
                    slot: *slot,
                    cut: *cut,
                });
                drained(turn);
            }
        }
        Event::InstanceStopped { instance, .. } => stopped(turn, now, instance),
        Event::StopFailed { instance, why } => {
            if let Settling::Stopping { left, .. } = now
                && left.contains(instance)
            {
                again(turn, why, |retry| Settling::Stopping {
                    left: left.clone(),
                    retry,
                });
            }
        }
        Event::TimerFired { timer } => retry(turn, now, *timer),
        // After promotion health is the shim's, and there is no way back from here.
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

fn refused(turn: &mut Turn, now: &Settling, answered: u32, why: &str) {
    match *now {
        Settling::Closing { attempt, .. } if attempt == answered => {
            again(turn, why, |retry| Settling::Closing { attempt, retry });
        }
        Settling::Routing { attempt, .. } if attempt == answered => {
            again(turn, why, |retry| Settling::Routing { attempt, retry });
        }
        Settling::Closing { .. }
        | Settling::Routing { .. }
        | Settling::Draining
        | Settling::Stopping { .. } => {}
    }
}

fn retry(turn: &mut Turn, now: Settling, timer: TimerId) {
    match now {
        Settling::Closing {
            retry: Some(ours), ..
        } if ours == timer => {
            let attempt = turn.apply_forward(turn.rollout.route_leaving());
            let retry = None;
            turn.rollout.phase = Phase::Settling(Settling::Closing { attempt, retry });
        }
        Settling::Routing {
            retry: Some(ours), ..
        } if ours == timer => route(turn),
        Settling::Stopping {
            left,
            retry: Some(ours),
        } if ours == timer => {
            let left = turn.stop(left.into_iter().collect());
            turn.rollout.phase = Phase::Settling(Settling::Stopping { left, retry: None });
        }
        Settling::Closing { .. }
        | Settling::Routing { .. }
        | Settling::Draining
        | Settling::Stopping { .. } => {}
    }
}

fn stopped(turn: &mut Turn, now: Settling, instance: &InstanceId) {
    let Settling::Stopping { mut left, retry } = now else {
        return;
    };
    left.remove(instance);
    if left.is_empty() {
        retired(turn);
    } else {
        turn.rollout.phase = Phase::Settling(Settling::Stopping { left, retry });
    }
}

fn retired(turn: &mut Turn) {
    let rollout = &turn.rollout;
    let old = rollout.old().filter(|_| !rollout.adjusts());
    let goes_too = rollout.removes() || rollout.clears_last();
    let others = rollout.displaced().filter(|_| goes_too);
    let service = &rollout.service;
    let retired = old.into_iter().chain(others).map(|slot| Fact::SlotRetired {
        service: service.clone(),
        slot: slot.id,
    });
    let retired: Vec<Fact> = retired.collect();
    turn.facts.extend(retired);
    done(turn);
}

pub(super) fn done(turn: &mut Turn) {
    turn.enter(Phase::Done);
    if turn.rollout.removes() {
        let service = turn.rollout.service.clone();
        turn.facts.push(Fact::Removed { service });
    }
}
