//! The way forward: what a rollout does next when nothing is wrong.

use windlass_model::{
    Fact, InstanceEnd, InstanceId, Millis, Percent, ReturnReason, Rule, SlotId, Then,
};

use super::books::SAW_LONGEST;
use super::evidence;
use crate::rollout::turn::{SHIFT_WITHIN, Turn};
use crate::rollout::wait::{Fired, Wait};
use crate::rollout::{
    Action, Asked, Awaiting, Begun, Clearing, Health, Phase, Rollout, StepScore, StoppingOld,
};

/// Begins: the displaced standby, and what was kept of an earlier failure, go first where nobody
/// flees from what serves.
pub(super) fn begin(turn: &mut Turn) {
    // What goes has nothing to start and nothing to watch: it goes after promotion.
    if turn.rollout.removes() {
        return pass(turn);
    }
    let displaced: Vec<InstanceId> = turn
        .rollout
        .displaced()
        .flat_map(|slot| slot.instances.iter().map(|i| i.id.clone()))
        .collect();
    if displaced.is_empty() || turn.rollout.clears_last() {
        return after_clearing(turn);
    }
    turn.rollout.begun.insert(Begun::Clearing);
    let left = turn.stop(displaced);
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
    if turn.rollout.is_command() {
        // Nothing runs that could be stopped; from here on going back is a run of its own.
        turn.rollout.begun.insert(Begun::StoppingOld);
        return start(turn);
    }
    if turn.rollout.has_route() {
        let route = turn.rollout.route_closed(&old, &old.instances);
        let attempt = turn.apply_forward(route);
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

/// Starts what is new. What stays of the old slot is waited for as well.
pub(super) fn start(turn: &mut Turn) {
    turn.rollout.begun.insert(Begun::Starting);
    if turn.rollout.fresh().is_empty() && turn.rollout.is_steady() {
        return raise(turn);
    }
    turn.start_fresh();
    let wait = turn.wait(ready_within(&turn.rollout));
    turn.enter(Phase::Starting { wait, late: None });
}

/// How long what is new may take to be ready. A run has the limit of the release whose commands it uses: of a
/// rollback that is the one that is left.
fn ready_within(rollout: &Rollout) -> Millis {
    let run = rollout.run_within(false);
    run.unwrap_or(rollout.plan.spec.ready.within)
}

/// Goes on once all are ready: a candidate has its full count before its share rises.
pub(super) fn raise_when_ready(turn: &mut Turn) {
    if turn.rollout.is_steady() {
        raise(turn);
    }
}

/// Starts what is missing after a rollback had failed, and goes on from there.
pub(super) fn once_more(turn: &mut Turn) {
    turn.rollout.returned_because = None;
    turn.rollout.word = None;
    turn.rollout.counters.retries = turn.rollout.counters.retries.saturating_add(1);
    turn.rollout.asked.insert(Asked::Again);
    if !turn.rollout.has_begun(Begun::Starting) {
        return begin(turn);
    }
    if turn.rollout.is_steady() {
        return raise(turn);
    }
    let Health { started, ready, .. } = &mut turn.rollout.health;
    started.retain(|instance| ready.contains(instance));
    turn.rollout.health.tries.clear();
    let missing: Vec<Action> = turn
        .rollout
        .fresh()
        .into_iter()
        .filter(|i| !turn.rollout.health.started.contains(&i.id))
        .map(|i| turn.rollout.start_action(i))
        .collect();
    turn.actions.extend(missing);
    let wait = turn.wait(ready_within(&turn.rollout));
    turn.enter(Phase::Starting { wait, late: None });
}

/// A person says that the command has done its work.
pub(super) fn taken_as_live(turn: &mut Turn, by: &str) {
    turn.rollout.word = Some(by.to_owned());
    turn.rollout.returned_because = None;
    let ids = turn.rollout.judged().into_iter().map(|i| i.id.clone());
    let ids: Vec<InstanceId> = ids.collect();
    turn.rollout.health.ready.extend(ids);
    raise_when_ready(turn);
}

/// Goes on with what a hold or a lost instance had kept from happening.
pub(super) fn due(turn: &mut Turn) {
    if turn.rollout.held {
        return;
    }
    if turn.rollout.has_begun(Begun::Starting) {
        raise_when_ready(turn);
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
    let attempt = turn.apply_forward(turn.rollout.route_at(to));
    let wait = turn.wait(SHIFT_WITHIN);
    turn.enter(Phase::Shifting { attempt, wait });
}

/// Watches the present step.
pub(super) fn bake(turn: &mut Turn) {
    turn.rollout.awaiting = Awaiting::Time;
    turn.rollout.overtimes = 0;
    turn.rollout.score = StepScore::default();
    let within = turn
        .rollout
        .steps()
        .get(turn.rollout.step)
        .map_or(Millis::ZERO, |step| step.bake);
    let skips = turn.rollout.expedited || within == Millis::ZERO;
    if !turn.rollout.is_steady() || (turn.rollout.health.blind && !skips) {
        let wait = Wait::paused(within);
        turn.enter(Phase::Baking { wait });
    } else if skips {
        return evidence::time_over(turn);
    } else {
        let wait = turn.wait(within);
        turn.enter(Phase::Baking { wait });
    }
    if skips {
        return;
    }
    let service = turn.rollout.service.clone();
    turn.facts.push(Fact::BakeStarted { service, within });
}

/// Climbs the next rung, or has passed.
pub(super) fn step_done(turn: &mut Turn) {
    let last = turn.rollout.steps().len().saturating_sub(1);
    if turn.rollout.step >= last {
        return pass(turn);
    }
    turn.rollout.step += 1;
    raise(turn);
}

fn pass(turn: &mut Turn) {
    turn.enter(Phase::Passed);
    let service = turn.rollout.service.clone();
    turn.facts.push(Fact::RolloutPassed { service });
}

/// A trigger that fired on the candidate's answers turns the rollout back, if that is what it does.
pub(super) fn triggered(turn: &mut Turn, slot: SlotId, (trigger, saw): (&Rule, &str)) {
    if slot == turn.rollout.candidate.id && !turn.rollout.adjusts() {
        follow(turn, trigger, saw);
    }
}

/// What follows of a trigger. One that only holds or tells does so once: whoever goes on after it has
/// seen it. The hold itself is the deployment's.
fn follow(turn: &mut Turn, trigger: &Rule, saw: &str) {
    if !turn.rollout.fired.insert(trigger.clone()) {
        return;
    }
    let service = turn.rollout.service.clone();
    let saw: String = saw.chars().take(SAW_LONGEST).collect();
    let trigger = trigger.clone();
    turn.facts.push(Fact::TriggerFired {
        service,
        trigger: trigger.clone(),
        saw: saw.clone(),
    });
    match trigger.then {
        Then::Rollback => turn.fail(ReturnReason::Triggered { trigger, saw }),
        Then::Hold | Then::Notify => {}
    }
}

/// A candidate instance that is lost on the way forward turns the rollout back if its triggers say
/// so; losing an old one that leaves is only noted.
pub(super) fn candidate_lost(turn: &mut Turn, instance: &InstanceId, end: &InstanceEnd) {
    if turn.rollout.turns_back(instance, end) {
        turn.fail(ReturnReason::InstanceLost {
            instance: instance.clone(),
            end: end.clone(),
        });
    }
    for rule in turn.rollout.noticed_by(instance, end) {
        follow(turn, &rule, &saw(end));
    }
}

fn saw(end: &InstanceEnd) -> String {
    match end {
        InstanceEnd::NotStarted(why) => format!("it could not be started: {why}"),
        InstanceEnd::NeverReady(last) | InstanceEnd::Unready(last) => last.clone(),
        InstanceEnd::Exited(status) => format!("it ended with status {status}"),
        InstanceEnd::Killed(signal) => format!("it was ended by signal {signal}"),
        InstanceEnd::Unknown => "it is gone".to_owned(),
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

/// Books what a run took while no controller was there: its time runs as it does.
pub(super) fn unseen(turn: &mut Turn, mut wait: Wait, ran: Millis) -> Waited {
    wait.book(ran);
    if wait.remaining == Millis::ZERO {
        return Waited::Over;
    }
    turn.run(&mut wait);
    Waited::On(wait)
}

/// Goes on with a wait that a hold had stopped; one that runs goes on as it is.
pub(super) fn resumed(turn: &mut Turn, mut wait: Wait) -> Wait {
    if wait.timer.is_none() {
        turn.run(&mut wait);
    }
    wait
}
