//! What is noted whatever the phase.

use windlass_model::{Fact, InstanceEnd, InstanceId, Judgement, Millis, SlotId, ran_as};

use crate::rollout::{Event, Phase, Rollout, turn::Turn};

/// Longest text kept of one bad answer, in characters.
pub(super) const SAW_LONGEST: usize = 300;

fn is_ours(rollout: &Rollout, instance: &InstanceId) -> bool {
    rollout
        .candidate
        .instances
        .iter()
        .chain(&rollout.back)
        .any(|i| i.id == *instance)
        || rollout
            .old()
            .is_some_and(|old| old.instances.iter().any(|i| i.id == *instance))
}

/// Whether `event` can change nothing: all of them once it is over, and the answer to a start that
/// nobody waits for.
pub(super) fn is_stale(rollout: &Rollout, event: &Event) -> bool {
    if matches!(rollout.phase, Phase::Done | Phase::Returned) {
        return true;
    }
    match event {
        Event::InstanceStarted { instance }
        | Event::AddressTaken { instance, .. }
        | Event::StartFailed { instance, .. } => !rollout.awaits_start(instance),
        // The run of a command that ended well has nothing to lose.
        Event::InstanceLost { instance, .. } => {
            rollout.is_command() && rollout.health.ready.contains(instance)
        }
        Event::NeedsPassed
        | Event::ProbeFailed { .. }
        | Event::InstanceReady { .. }
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
        | Event::ReturnRequested { .. }
        | Event::ReturnTurn
        | Event::Retried
        | Event::DoneByHand { .. }
        | Event::Promoted => false,
    }
}

fn goes_back(rollout: &Rollout) -> bool {
    matches!(rollout.phase, Phase::Returning(_) | Phase::Stuck(_))
}

/// Notes health, starts and a person's wishes.
pub(super) fn keep(turn: &mut Turn, event: &Event) {
    match event {
        // A way back is never held.
        Event::Held => turn.rollout.held = !goes_back(&turn.rollout),
        Event::Resumed => turn.rollout.held = false,
        Event::Expedited => {
            turn.rollout.held = false;
            turn.rollout.expedited = true;
        }
        Event::Judged { slot, judgement } => judged(turn, *slot, judgement),
        Event::SightLost => sight(turn, false),
        Event::SightBack => sight(turn, true),
        Event::InstanceStarted { instance } => started(turn, instance),
        Event::InstanceReady { instance } => ready(turn, instance),
        Event::ProbeFailed { instance, saw } => {
            if is_ours(&turn.rollout, instance) {
                not_ready(turn, instance, saw.chars().take(SAW_LONGEST).collect());
            }
        }
        Event::InstanceLost {
            instance,
            end,
            last_lines,
        } => lost(turn, instance, (end, last_lines)),
        Event::StartFailed { instance, why } => {
            lost(turn, instance, (&InstanceEnd::NotStarted(why.clone()), &[]));
        }
        Event::AddressTaken { instance, next } => {
            let rollout = &mut turn.rollout;
            let all = rollout
                .candidate
                .instances
                .iter_mut()
                .chain(&mut rollout.back);
            if let Some(found) = all.into_iter().find(|i| i.id == *instance) {
                found.address = *next;
                let tries = rollout.health.tries.entry(instance.clone()).or_default();
                *tries = tries.saturating_add(1);
            }
        }
        Event::InstanceStopped {
            instance,
            killed_after,
            last_lines,
        } => {
            printed(turn, instance, last_lines);
            if let Some(after) = killed_after {
                killed(turn, instance, *after);
            }
        }
        Event::NeedsPassed
        | Event::Triggered { .. }
        | Event::Scored { .. }
        | Event::RanUnseen { .. }
        | Event::RouteApplied { .. }
        | Event::RouteFailed { .. }
        | Event::SlotDrained { .. }
        | Event::StopFailed { .. }
        | Event::TimerFired { .. }
        | Event::ReturnRequested { .. }
        | Event::ReturnTurn
        | Event::Retried
        | Event::DoneByHand { .. }
        | Event::Promoted => {}
    }
}

fn ready(turn: &mut Turn, instance: &InstanceId) {
    if is_ours(&turn.rollout, instance) && turn.rollout.health.ready.insert(instance.clone()) {
        turn.rollout.health.last_seen.remove(instance);
        turn.facts.push(Fact::InstanceReady {
            service: turn.rollout.service.clone(),
            instance: instance.clone(),
        });
    }
}

/// That it had to be killed is told once, by the answer that is waited for.
fn killed(turn: &mut Turn, instance: &InstanceId, after: Millis) {
    let rollout = &mut turn.rollout;
    if rollout.awaits_stop(instance) {
        rollout.health.killed.insert(instance.clone(), after);
        turn.facts.push(Fact::InstanceKilled {
            service: rollout.service.clone(),
            instance: instance.clone(),
            after,
        });
    }
}

/// The last bad answer is kept; that it is another one is news, of an instance that answers for itself. Of the run
/// of a command it is news which process that is.
fn not_ready(turn: &mut Turn, instance: &InstanceId, saw: String) {
    let rollout = &mut turn.rollout;
    let is_ready = rollout.health.ready.contains(instance);
    let before = rollout
        .health
        .last_seen
        .insert(instance.clone(), saw.clone());
    let probe = rollout.probe_of(instance);
    let is_told =
        probe.asks_the_instance() || ran_as(&saw).is_some_and(|process| !process.is_empty());
    if !is_ready && before.as_ref() != Some(&saw) && is_told {
        let fact = Fact::NotReady {
            service: rollout.service.clone(),
            instance: instance.clone(),
            probe: probe.kind.clone(),
            saw,
            within: probe.within,
        };
        turn.facts.push(fact);
    }
}

/// The last record is kept; that it says something else than before is news.
fn judged(turn: &mut Turn, slot: SlotId, judgement: &Judgement) {
    if slot != turn.rollout.candidate.id {
        return;
    }
    let before = turn.rollout.judgement.replace(judgement.clone());
    let gist = |judgement: &Judgement| {
        let unread: Vec<String> = judgement
            .never_read()
            .map(|(what, _)| what.to_owned())
            .collect();
        (judgement.share, judgement.verdict, unread)
    };
    if before.as_ref().map(gist) != Some(gist(judgement)) {
        turn.facts.push(Fact::Judged {
            service: turn.rollout.service.clone(),
            judgement: Box::new(judgement.clone()),
        });
    }
}

fn sight(turn: &mut Turn, sees: bool) {
    if turn.rollout.health.blind == sees {
        turn.rollout.health.blind = !sees;
        let why = if sees { None } else { lost_sight(turn) };
        let service = turn.rollout.service.clone();
        turn.facts.push(Fact::Sight { service, sees, why });
    }
}

/// Why what was read before can't be, by the last record.
fn lost_sight(turn: &Turn) -> Option<String> {
    let last = turn.rollout.judgement.as_ref()?;
    let each = last.lost().map(|(what, why)| format!("{what}: {why}"));
    let all: Vec<String> = each.collect();
    let told: String = all.join("; ").chars().take(SAW_LONGEST).collect();
    (!told.is_empty()).then_some(told)
}

fn started(turn: &mut Turn, instance: &InstanceId) {
    let all = turn
        .rollout
        .candidate
        .instances
        .iter()
        .chain(&turn.rollout.back);
    let Some(address) = all
        .into_iter()
        .find(|i| i.id == *instance)
        .map(|i| i.address)
    else {
        return;
    };
    if turn.rollout.health.started.insert(instance.clone()) {
        let rollout = &turn.rollout;
        let service = rollout.service.clone();
        let instance = instance.clone();
        let back = rollout.back.iter().any(|i| i.id == instance);
        turn.facts.push(match turn.rollout.run(back) {
            Some((run, _)) => Fact::CommandStarted {
                service,
                instance,
                run,
            },
            None => Fact::InstanceStarted {
                service,
                instance,
                address,
            },
        });
    }
}

fn lost(turn: &mut Turn, instance: &InstanceId, (end, last_lines): (&InstanceEnd, &[String])) {
    printed(turn, instance, last_lines);
    let was_ready = turn.rollout.health.ready.remove(instance);
    // Of one that was never ready it is news only as long as that turns the rollout back.
    let turns = turn.rollout.turns_back(instance, end);
    if was_ready || turns {
        let service = turn.rollout.service.clone();
        let instance = instance.clone();
        turn.facts.push(Fact::InstanceLost {
            service,
            instance,
            end: end.clone(),
            last_lines: last_lines.to_vec(),
        });
    }
}

/// Keeps what it printed last.
fn printed(turn: &mut Turn, instance: &InstanceId, last_lines: &[String]) {
    if !last_lines.is_empty() && is_ours(&turn.rollout, instance) {
        let all = &mut turn.rollout.health.last_lines;
        all.insert(instance.clone(), last_lines.to_vec());
    }
}
