//! A rollback by a script that took too long: its run is ended first, so that a person, or another try, is alone.

use windlass_model::{InstanceEnd, InstanceId, ReturnReason, StuckReason, ran_as};

use super::forward::{self, Waited};
use super::{starting, way_back};
use crate::rollout::{Action, AfterEnd, Event, Late, Phase, turn::Turn, wait::Wait};

/// Ends what runs of it, with all of its group.
pub(super) fn end(turn: &mut Turn, then: AfterEnd) {
    let wait = turn.wait(way_back::clean_up_within(&turn.rollout));
    let left = turn.stop(runs(turn));
    let late = Late {
        left,
        then,
        retry: None,
        trouble: None,
    };
    turn.enter(Phase::Starting {
        wait,
        late: Some(late),
    });
}

/// Those whose run may go on.
fn runs(turn: &Turn) -> Vec<InstanceId> {
    let rollout = &turn.rollout;
    let fresh = rollout.fresh().into_iter();
    let late = fresh.filter(|i| !rollout.health.ready.contains(&i.id));
    late.map(|i| i.id.clone()).collect()
}

/// Whether a run of it may go on beside whoever tries again: its end was not seen when its time was over.
pub(super) fn may_run(turn: &Turn, reason: &StuckReason) -> bool {
    let took_too_long = matches!(
        reason,
        StuckReason::RollbackFailed(ReturnReason::InstanceLost {
            end: InstanceEnd::NeverReady(_),
            ..
        })
    );
    let started = &turn.rollout.health.started;
    took_too_long && turn.rollout.is_command() && runs(turn).iter().any(|id| started.contains(id))
}

pub(super) fn on(turn: &mut Turn, event: &Event, (wait, mut now): (Wait, Late)) {
    match event {
        Event::InstanceStopped { instance, .. } => {
            if now.left.remove(instance) {
                // Known to be gone.
                turn.rollout.health.started.remove(instance);
            }
            if now.left.is_empty() {
                return ended(turn, now);
            }
            goes_on(turn, wait, now);
        }
        Event::StopFailed { instance, why } if now.left.contains(instance) => {
            now.trouble = Some(why.clone());
            if now.retry.is_none() {
                now.retry = Some(turn.retry_timer());
            }
            goes_on(turn, wait, now);
        }
        Event::TimerFired { timer } if now.retry == Some(*timer) => {
            now.retry = None;
            for instance in now.left.clone() {
                turn.act(Action::StopInstance { instance });
            }
            goes_on(turn, wait, now);
        }
        Event::TimerFired { timer } => match forward::fired(turn, wait, *timer) {
            Waited::On(wait) => goes_on(turn, wait, now),
            Waited::Over => stuck(turn, now),
        },
        // A journal of before, where it was stuck at once and a person has gone on.
        Event::Retried => forward::once_more(turn),
        Event::DoneByHand { by } => forward::taken_as_live(turn, by),
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
        | Event::StopFailed { .. }
        | Event::Held
        | Event::Resumed
        | Event::Expedited
        | Event::ReturnRequested { .. }
        | Event::ReturnTurn
        | Event::Promoted => {}
    }
}

fn goes_on(turn: &mut Turn, wait: Wait, now: Late) {
    turn.rollout.phase = Phase::Starting {
        wait,
        late: Some(now),
    };
}

/// Nothing of it is left.
fn ended(turn: &mut Turn, now: Late) {
    match now.then {
        AfterEnd::Again => forward::once_more(turn),
        AfterEnd::Stuck { .. } => stuck(turn, now),
    }
}

/// What was seen of it; beside that, why what is left of it could not be ended, if that is so.
fn told(saw: Option<String>, stays: Option<&str>) -> String {
    // Nothing was seen of one that nobody has asked about, because it had not ended.
    if let Some(process) = saw.as_deref().map_or(Some(""), ran_as) {
        return format!("it still ran{process}, and {}", became(stays));
    }
    format!("{}{}", saw.unwrap_or_default(), left_over(stays))
}

/// What became of a run that had not ended, or why nothing did.
pub(super) fn became(stays: Option<&str>) -> String {
    stays.map_or_else(
        || "was ended with all that it had started".to_owned(),
        |why| format!("could not be ended: {why}"),
    )
}

/// Why something that a run has left stays, to stand behind a sentence.
pub(super) fn left_over(stays: Option<&str>) -> String {
    let told = stays.map(|why| format!("; what is left of it could not be ended: {why}"));
    told.unwrap_or_default()
}

/// Only a person goes on. What was seen of it comes first; that it may still run, beside that.
fn stuck(turn: &mut Turn, now: Late) {
    let mut fresh = turn.rollout.fresh().into_iter();
    let Some(instance) = fresh.next().map(|i| i.id.clone()) else {
        return;
    };
    let saw = match now.then {
        AfterEnd::Stuck { saw } => saw,
        AfterEnd::Again => turn.rollout.health.last_seen.get(&instance).cloned(),
    };
    let stays = (!now.left.is_empty()).then(|| {
        now.trouble
            .unwrap_or_else(|| starting::NO_ANSWER.to_owned())
    });
    let end = InstanceEnd::NeverReady(told(saw, stays.as_deref()));
    turn.fail(ReturnReason::InstanceLost { instance, end });
}
