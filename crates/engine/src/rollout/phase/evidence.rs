//! A step whose time is over goes on by evidence, where that is asked for.

use windlass_model::{Fact, Follow, Gate, Millis, ReturnReason, Rule, Verdict};

use super::books::SAW_LONGEST;
use super::score;
use crate::rollout::{Awaiting, Phase, Rollout, turn::Turn, wait::Wait};

/// Whether the evidence that was waited for is there.
pub(super) fn has_come(rollout: &Rollout) -> bool {
    let waits = matches!(rollout.awaiting, Awaiting::Evidence { .. });
    waits && rollout.verdict() == Verdict::Pass
}

/// Time for which a step is watched once more, up to [`Rule::WATCHED_ON`] in all. A trigger that is about to
/// fire for longer is left to fire at the next step.
const OVERTIME: Millis = Millis::from_secs(1);

/// The time that the step waited for is over.
pub(super) fn time_over(turn: &mut Turn) {
    if watches_on(turn) {
        return;
    }
    let Some(gate) = turn.rollout.gate().copied() else {
        return score::ask(turn);
    };
    let verdict = turn.rollout.verdict();
    let awaiting = turn.rollout.awaiting;
    let missed = gate.follow(verdict);
    let Some(follow) = missed.filter(|_| awaiting != Awaiting::Nothing) else {
        return score::ask(turn);
    };
    let may_change = matches!(verdict, Verdict::NoData | Verdict::Inconclusive);
    if awaiting == Awaiting::Time && may_change && waits_on(turn, &gate) {
        return;
    }
    missing(turn, verdict, follow);
    over(turn, follow);
}

/// A trigger that is met, and lacks only time, is decided before the step goes on: it would fire after it.
fn watches_on(turn: &mut Turn) -> bool {
    let rollout = &mut turn.rollout;
    let last = rollout.judgement.as_ref();
    let rises = last.is_some_and(|last| !last.rising.is_empty());
    let is_open = !rollout.expedited && rollout.awaiting != Awaiting::Nothing;
    let had = u64::from(rollout.overtimes).saturating_mul(OVERTIME.as_millis());
    if !rises || !is_open || Millis::from_millis(had) >= Rule::WATCHED_ON {
        return false;
    }
    rollout.overtimes += 1;
    let wait = if rollout.health.blind {
        Wait::paused(OVERTIME)
    } else {
        turn.wait(OVERTIME)
    };
    turn.rollout.phase = Phase::Baking { wait };
    true
}

/// No more time is left: it goes on as soon as it may, if it may.
fn over(turn: &mut Turn, follow: Follow) {
    if follow == Follow::Rollback {
        return;
    }
    let wait = Wait::paused(Millis::ZERO);
    turn.enter(Phase::Baking { wait });
    if follow == Follow::GoOn && !turn.rollout.held && turn.rollout.is_steady() {
        score::ask(turn);
    }
}

/// Waits for evidence as long as it may; false where no time is left for that.
fn waits_on(turn: &mut Turn, gate: &Gate) -> bool {
    let steps = turn.rollout.steps();
    let step = steps.get(turn.rollout.step);
    let left = step.map_or(gate.longest, |step| gate.longest.less(step.bake));
    if left == Millis::ZERO {
        return false;
    }
    let stands = turn.rollout.health.blind || !turn.rollout.is_steady();
    let wait = if stands {
        Wait::paused(left)
    } else {
        turn.wait(left)
    };
    turn.enter(Phase::Baking { wait });
    tell(turn, left);
    true
}

fn tell(turn: &mut Turn, within: Millis) {
    let told = turn.rollout.more_requests();
    turn.rollout.awaiting = Awaiting::Evidence { told };
    turn.facts.push(Fact::EvidenceAwaited {
        service: turn.rollout.service.clone(),
        verdict: turn.rollout.verdict(),
        more_requests: told,
        within,
    });
}

/// Answers say something: what is shown for good needs no time.
pub(super) fn judged(turn: &mut Turn) {
    let Some(gate) = turn.rollout.gate().copied() else {
        return;
    };
    let awaiting = turn.rollout.awaiting;
    let verdict = turn.rollout.verdict();
    match (verdict, awaiting) {
        (_, Awaiting::Nothing) | (Verdict::Pass, Awaiting::Time) => {}
        (Verdict::Fail | Verdict::Error, Awaiting::Time | Awaiting::Evidence { .. }) => {
            let Some(follow) = gate.follow(verdict) else {
                return;
            };
            missing(turn, verdict, follow);
            if awaiting != Awaiting::Time {
                over(turn, follow);
            }
        }
        (Verdict::Pass, Awaiting::Evidence { .. }) => {
            if !turn.rollout.held && turn.rollout.is_steady() {
                score::ask(turn);
            }
        }
        (Verdict::NoData | Verdict::Inconclusive, Awaiting::Time) => {}
        (Verdict::NoData | Verdict::Inconclusive, Awaiting::Evidence { told }) => {
            tell_again(turn, told);
        }
    }
}

/// Once half of what was said to be missing has come, or it can be told at last: a few times at most.
fn tell_again(turn: &mut Turn, told: Option<u64>) {
    let now = turn.rollout.more_requests();
    let is_news = match (told, now) {
        (Some(told), Some(now)) => now < told / 2,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    if is_news && let Some(left) = turn.rollout.remaining() {
        tell(turn, left);
    }
}

/// The evidence is not there: what follows is settled. The hold itself is the deployment's.
fn missing(turn: &mut Turn, verdict: Verdict, then: Follow) {
    turn.rollout.awaiting = Awaiting::Nothing;
    let last = turn.rollout.judgement.as_ref();
    let words = last.filter(|_| verdict != Verdict::NoData);
    let saw = words.map_or_else(
        || {
            let share = turn.rollout.weight;
            format!("no requests to both releases were compared at {share}")
        },
        |last| last.words.chars().take(SAW_LONGEST).collect(),
    );
    turn.facts.push(Fact::EvidenceMissing {
        service: turn.rollout.service.clone(),
        verdict,
        then,
        saw: saw.clone(),
    });
    if then == Follow::Rollback {
        turn.fail(ReturnReason::NoEvidence { verdict, saw });
    }
}
