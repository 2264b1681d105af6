//! The way forward: what a rollout does next when nothing is wrong.

use windlass_model::{Fact, InstanceEnd, InstanceId, Millis, Percent, ReturnReason};

use crate::rollout::turn::{SHIFT_WITHIN, Turn};
use crate::rollout::wait::{Fired, Wait};
use crate::rollout::{Begun, Clearing, Phase, StoppingOld};

/// Begins: the displaced standby goes first.
pub(super) fn begin(turn: &mut Turn) {
    let standby: Vec<InstanceId> = turn
        .rollout
        .plan
        .standby
        .iter()
        .flat_map(|slot| slot.instances.iter().map(|i| i.id.clone()))
        .collect();
    if standby.is_empty() {
        return after_clearing(turn);
    }
    turn.rollout.begun.insert(Begun::Clearing);
    let left = turn.stop(standby);
    turn.enter(Phase::Clearing(Clearing { left }));
}

/// In place, the old slot goes before anything starts.
pub(super) fn after_clearing(turn: &mut Turn) {
    let Some(old) = turn
        .rollout
        .old()
        .filter(|_| turn.rollout.in_place())
        .cloned()
    else {
        return start(turn);
    };
    if turn.rollout.held {
        return turn.enter(Phase::Holding);
    }
    if turn.rollout.has_route() {
        let route = turn.rollout.route_closed(&old, &old.instances);
        let attempt = turn.apply(route, false);
        let wait = turn.wait(SHIFT_WITHIN);
        turn.enter(Phase::StoppingOld(StoppingOld::Closing { attempt, wait }));
    } else {
        stop_old(turn);
    }
}

/// Stops the old slot's instances, drained by now.
pub(super) fn stop_old(turn: &mut Turn) {
    turn.rollout.begun.insert(Begun::StoppingOld);
    let old: Vec<InstanceId> = turn
        .rollout
        .old()
        .iter()
        .flat_map(|slot| slot.instances.iter().map(|i| i.id.clone()))
        .collect();
    let left = turn.stop(old);
    if left.is_empty() {
        return start(turn);
    }
    turn.enter(Phase::StoppingOld(StoppingOld::Stopping { left }));
}

/// Starts what is new; with nothing new there is nothing to wait for.
pub(super) fn start(turn: &mut Turn) {
    turn.rollout.begun.insert(Begun::Starting);
    if turn.rollout.fresh().is_empty() {
        return raise(turn);
    }
    turn.start_fresh();
    let wait = turn.wait(turn.rollout.plan.spec.ready.within);
    turn.enter(Phase::Starting { wait });
}

/// Goes on once every new instance is ready: a candidate has its full count before its share rises.
pub(super) fn raise_when_ready(turn: &mut Turn) {
    let rollout = &turn.rollout;
    if rollout
        .fresh()
        .into_iter()
        .all(|i| rollout.health.ready.contains(&i.id))
    {
        raise(turn);
    }
}

/// Goes on with what a hold had kept from happening.
pub(super) fn due(turn: &mut Turn) {
    if turn.rollout.has_begun(Begun::Starting) {
        raise(turn);
    } else {
        after_clearing(turn);
    }
}

/// Gives the candidate the share of the present step. In place nobody serves meanwhile, so that a
/// hold waits before the old slot makes room, never here: it must not make the gap longer.
fn raise(turn: &mut Turn) {
    if turn.rollout.expedited {
        turn.rollout.step = turn.rollout.steps().len().saturating_sub(1);
    }
    if turn.rollout.held && !turn.rollout.in_place() {
        return turn.enter(Phase::Holding);
    }
    // Without a listener of its own the candidate takes no traffic; an old one stays as it is until
    // promotion.
    if turn.rollout.plan.spec.listen.is_none() {
        return bake(turn);
    }
    let to = turn
        .rollout
        .steps()
        .get(turn.rollout.step)
        .map_or(Percent::FULL, |s| s.to);
    let attempt = turn.apply(turn.rollout.route_at(to), false);
    let wait = turn.wait(SHIFT_WITHIN);
    turn.enter(Phase::Shifting { attempt, wait });
}

/// Watches the present step.
pub(super) fn bake(turn: &mut Turn) {
    let within = turn
        .rollout
        .steps()
        .get(turn.rollout.step)
        .map_or(Millis::ZERO, |step| step.bake);
    if turn.rollout.expedited || within == Millis::ZERO {
        return step_done(turn);
    }
    let wait = turn.wait(within);
    turn.enter(Phase::Baking { wait });
    let service = turn.rollout.service.clone();
    turn.facts.push(Fact::BakeStarted { service, within });
}

/// Climbs the next rung, or has passed.
pub(super) fn step_done(turn: &mut Turn) {
    let last = turn.rollout.steps().len().saturating_sub(1);
    if turn.rollout.step >= last {
        turn.enter(Phase::Passed);
        let service = turn.rollout.service.clone();
        turn.facts.push(Fact::RolloutPassed { service });
        return;
    }
    turn.rollout.step += 1;
    raise(turn);
}

/// A candidate instance that is lost on the way forward turns the rollout back; losing an old one
/// is only noted.
pub(super) fn candidate_lost(turn: &mut Turn, instance: &InstanceId, end: &InstanceEnd) {
    if turn.rollout.fresh().into_iter().any(|i| i.id == *instance) {
        turn.fail(ReturnReason::InstanceLost {
            instance: instance.clone(),
            end: end.clone(),
        });
    }
}

/// What a timer, a hold or its end did to the wait of the present phase.
pub(super) enum Waited {
    /// Nothing, or time is left: the phase goes on with this wait.
    On(Wait),
    /// It is over.
    Over,
}

/// Books a firing; begins the next slice if time is left.
pub(super) fn fired(turn: &mut Turn, mut wait: Wait, timer: windlass_model::TimerId) -> Waited {
    match wait.fired(timer) {
        Fired::Stale => {}
        Fired::More => turn.run(&mut wait),
        Fired::Done => return Waited::Over,
    }
    Waited::On(wait)
}

/// Goes on with a wait that a hold had stopped; one that runs goes on as it is.
pub(super) fn resumed(turn: &mut Turn, mut wait: Wait) -> Wait {
    if wait.timer.is_none() {
        turn.run(&mut wait);
    }
    wait
}
