//! The way back: what a returning rollout does next.

use windlass_model::{
    Fact, Instance, InstanceEnd, InstanceId, Millis, Percent, Slot, StuckReason, ran_as,
};

use super::late;
use crate::rollout::turn::Turn;
use crate::rollout::wait::Wait;
use crate::rollout::{Action, AfterEnd, Asked, Begun, Phase, Return, Rollout, Stage, resume};

/// Enters the next stage of the way back that is under way.
fn enter(turn: &mut Turn, mut now: Return, stage: Stage) {
    now.stage = stage;
    now.retry = None;
    turn.enter(Phase::Returning(now));
}

/// Its turn has come: traffic first, within its deadline.
pub(super) fn begin(turn: &mut Turn, mut now: Return) {
    let rollout = &turn.rollout;
    let restarted = rollout
        .back
        .iter()
        .any(|i| rollout.health.started.contains(&i.id));
    if restarted && rollout.is_command() {
        // It may still run: it is ended first, and is then another try.
        return end(turn, now, AfterEnd::Again);
    }
    if restarted {
        // A way back that was stuck goes on where it was: the candidate is gone already.
        now.wait = turn.wait(clean_up_within(&turn.rollout));
        return restart(turn, now);
    }
    if rollout.has_begun(Begun::Routing) && rollout.has_route() {
        now.wait = turn.wait(turn.rollout.plan.spec.rollback_within);
        return route(turn, now);
    }
    now.wait = turn.wait(clean_up_within(&turn.rollout));
    stop(turn, now);
}

/// Work time for what follows once the traffic is back: what draining, stopping and starting again
/// may take, and some more for routers that answer late.
pub(super) fn clean_up_within(rollout: &Rollout) -> Millis {
    let plan = &rollout.plan;
    let slots = plan.stable.iter().chain(rollout.displaced());
    let stop = slots
        .map(|slot| slot.spec.process.stop.within)
        .fold(plan.spec.process.stop.within, Millis::max);
    let restart = plan.stable.as_ref().filter(|_| stopped_old(rollout));
    plan.spec
        .rollback_within
        .plus(plan.spec.drain)
        .plus(stop)
        .plus(restart.map_or(Millis::ZERO, |old| old.spec.ready.within))
}

fn stopped_old(rollout: &Rollout) -> bool {
    rollout.has_begun(Begun::StoppingOld)
}

/// Gives all traffic back to the old slot, if one of its instances is ready to take it; in place it
/// is turned away until the old release runs again.
pub(super) fn route(turn: &mut Turn, now: Return) {
    let rollout = &turn.rollout;
    let route = if stopped_old(rollout) {
        rollout.route_closed(&rollout.candidate, &rollout.candidate.instances)
    } else {
        let route = rollout.route_back();
        if route.is_some() && !has_capacity(rollout) {
            return enter(turn, now, Stage::Capacity);
        }
        route
    };
    let attempt = turn.apply(route, true);
    enter(turn, now, Stage::Routing { attempt });
}

/// Whether somebody is ready to take the traffic. The old instances of an adjustment have it already:
/// without what is new they are no worse off, unless that is all that answers.
fn has_capacity(rollout: &Rollout) -> bool {
    let is_ready = |i: &&Instance| rollout.health.ready.contains(&i.id);
    let loses_nothing = rollout.adjusts() && !rollout.fresh().iter().any(is_ready);
    loses_nothing
        || rollout
            .old()
            .is_none_or(|old| rollout.any_ready(&old.instances))
}

/// Asks once more for what the stage waits for.
pub(super) fn again(turn: &mut Turn, now: Return) {
    match now.stage {
        // What could take the traffic may have changed since.
        Stage::Routing { .. } => route(turn, now),
        Stage::Finishing { .. } => finish(turn, now),
        Stage::Turn
        | Stage::Capacity
        | Stage::Draining
        | Stage::Stopping { .. }
        | Stage::Restarting
        | Stage::Ending { .. } => {
            turn.rollout.phase = Phase::Returning(now);
            let asked = resume::stage_actions(&turn.rollout);
            turn.actions.extend(asked);
        }
    }
}

/// The candidate gets nothing more; what it has may end.
pub(super) fn routed(turn: &mut Turn, mut now: Return) {
    turn.rollout.weight = Percent::ZERO;
    let rollout = &turn.rollout;
    let back = rollout
        .old()
        .filter(|old| !stopped_old(rollout) && old.spec.listen.is_some());
    if let Some(Slot { id, release, .. }) = back {
        turn.facts.push(Fact::TrafficShifted {
            service: rollout.service.clone(),
            slot: *id,
            version: release.version.clone(),
            to: Percent::FULL,
        });
    }
    now.wait = turn.wait(clean_up_within(&turn.rollout));
    let rollout = &turn.rollout;
    let drains = rollout.old().is_some()
        && rollout.has_begun(Begun::Starting)
        && !rollout.adjusts()
        && rollout.plan.spec.listen.is_some();
    if drains {
        let (slot, within) = (rollout.candidate.id, rollout.plan.spec.drain);
        turn.act(Action::AwaitDrain { slot, within });
        enter(turn, now, Stage::Draining);
    } else {
        stop(turn, now);
    }
}

/// Stops what this rollout started, and finishes stopping what it had begun to stop.
pub(super) fn stop(turn: &mut Turn, now: Return) {
    let rollout = &turn.rollout;
    let mut instances: Vec<InstanceId> = Vec::new();
    if rollout.has_begun(Begun::Starting) && !rollout.leaves_failed() {
        instances.extend(rollout.fresh().into_iter().map(|i| i.id.clone()));
    }
    let ids = |slot: &Slot| {
        slot.instances
            .iter()
            .map(|i| i.id.clone())
            .collect::<Vec<_>>()
    };
    if rollout.has_begun(Begun::Clearing) {
        instances.extend(rollout.displaced().flat_map(ids));
    }
    if stopped_old(rollout) {
        instances.extend(rollout.old().into_iter().flat_map(ids));
    }
    let left = turn.stop(instances);
    if left.is_empty() {
        stopped(turn, now);
    } else {
        enter(turn, now, Stage::Stopping { left });
    }
}

/// Nothing of the candidate is left; in place, the old release starts again.
pub(super) fn stopped(turn: &mut Turn, now: Return) {
    let started = turn.rollout.has_begun(Begun::Starting);
    if started && !turn.rollout.adjusts() && !turn.rollout.is_warm() {
        let (service, slot) = (turn.rollout.service.clone(), turn.rollout.candidate.id);
        turn.facts.push(if turn.rollout.leaves_failed() {
            Fact::FailedKept { service, slot }
        } else {
            Fact::SlotRetired { service, slot }
        });
    }
    if stopped_old(&turn.rollout) && !turn.rollout.back.is_empty() {
        restart(turn, now);
    } else {
        finish(turn, now);
    }
}

/// Starts the old release again, under its new instances. A command has the time of every run of it.
fn restart(turn: &mut Turn, mut now: Return) {
    if let Some(within) = turn.rollout.run_within(true) {
        now.wait = turn.wait(within);
    }
    enter(turn, now.clone(), Stage::Restarting);
    let asked = resume::stage_actions(&turn.rollout);
    turn.actions.extend(asked);
    restarted(turn, now);
}

/// Runs the command of the way back once more, after it had failed; what it was to undo is ended
/// already.
pub(super) fn once_more(turn: &mut Turn) {
    let wait = Wait::paused(clean_up_within(&turn.rollout));
    let Rollout {
        back,
        health,
        counters,
        asked,
        ..
    } = &mut turn.rollout;
    for instance in back {
        health.started.remove(&instance.id);
        health.last_seen.remove(&instance.id);
        health.last_lines.remove(&instance.id);
    }
    counters.retries = counters.retries.saturating_add(1);
    asked.insert(Asked::Again);
    let now = Return {
        wait,
        stage: Stage::Restarting,
        retry: None,
        trouble: None,
    };
    restart(turn, now);
}

/// Ends the run of the way back, with all of its group.
pub(super) fn end(turn: &mut Turn, mut now: Return, then: AfterEnd) {
    now.wait = turn.wait(clean_up_within(&turn.rollout));
    now.trouble = None;
    let ids = turn.rollout.back.iter().map(|i| i.id.clone()).collect();
    let left = turn.stop(ids);
    enter(turn, now, Stage::Ending { left, then });
}

/// What ran of it is gone: it runs again, or a person has to say how to go on.
pub(super) fn ended(turn: &mut Turn, then: AfterEnd) {
    match then {
        AfterEnd::Again => once_more(turn),
        AfterEnd::Stuck { saw } => {
            let told = too_late(&turn.rollout, saw.as_deref(), None);
            turn.stuck(StuckReason::CommandFailed(InstanceEnd::NeverReady(told)));
        }
    }
}

/// What was seen of the run of the way back last.
pub(super) fn last_seen(rollout: &Rollout) -> Option<String> {
    let mut seen = rollout.back.iter();
    seen.find_map(|i| rollout.health.last_seen.get(&i.id))
        .cloned()
}

/// What was seen of the run of the way back when its time was over, against what was to be seen; beside that,
/// why what is left of it could not be ended, if that is so.
pub(super) fn too_late(rollout: &Rollout, saw: Option<&str>, stays: Option<&str>) -> String {
    let within = rollout.run_within(true).unwrap_or_default();
    let wanted = rollout.run(true).map(|(run, _)| run.version);
    let wanted = wanted.unwrap_or_default();
    if let Some(process) = saw.map_or(Some(""), ran_as) {
        let became = late::became(stays);
        return format!(
            "it still ran after {within}{process}, and {became}; expected: an end with status 0 within {within}"
        );
    }
    let saw = saw.unwrap_or_default();
    let left_over = late::left_over(stays);
    format!(
        "it ended with status 0, and within {within} {saw}{left_over}; expected: a `status` that says that {wanted} \
         is live"
    )
}

/// Goes on once every instance of the old release is ready.
pub(super) fn restarted(turn: &mut Turn, now: Return) {
    let rollout = &turn.rollout;
    let ready = |i: &Instance| rollout.health.ready.contains(&i.id);
    if rollout.back.iter().all(ready) {
        finish(turn, now);
    }
}

/// The table forgets the candidate; then it is over.
pub(super) fn finish(turn: &mut Turn, now: Return) {
    let rollout = &turn.rollout;
    if stopped_old(rollout) && !rollout.back.is_empty() && !rollout.any_ready(&rollout.back) {
        return enter(turn, now, Stage::Restarting);
    }
    let route = rollout.route_returned();
    // Where nothing listened before, the way back has unrouted it; in place it was closed, and goes now.
    let is_so = route.is_none() && !stopped_old(rollout);
    if rollout.has_begun(Begun::Routing) && !is_so {
        let attempt = turn.apply(route, true);
        enter(turn, now, Stage::Finishing { attempt });
    } else {
        returned(turn);
    }
}

pub(super) fn returned(turn: &mut Turn) {
    turn.enter(Phase::Returned);
    let service = turn.rollout.service.clone();
    turn.facts.push(Fact::RolloutReturned { service });
}
