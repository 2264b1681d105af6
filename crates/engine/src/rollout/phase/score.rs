//! A step whose time is over, and whose evidence is there, goes on by its score, where it needs one.

use windlass_model::{Below, Fact, Millis, Reach, ReturnReason, ScoreNeed, ScoreSummary};

use super::{evidence, forward};
use crate::rollout::wait::Wait;
use crate::rollout::{Awaiting, Phase, StepGate, turn::Turn};

/// Nothing else is waited for: it goes on if the score measured in this step is high enough.
pub(super) fn ask(turn: &mut Turn) {
    let Some(need) = turn.rollout.score_need() else {
        return forward::step_done(turn);
    };
    if turn.rollout.health.blind {
        // It is asked again once answers are seen.
        return stay(turn);
    }
    let last = turn.rollout.score.last.clone();
    let reach = last.as_ref().map(|score| score.reach(need.at_least));
    if reach == Some(Reach::Reached) {
        let gate = turn.rollout.score_gate(need);
        turn.facts.push(Fact::GatePassed {
            gate,
            score: last,
            by: None,
        });
        return forward::step_done(turn);
    }
    stay(turn);
    // What was not measured yet is so soon.
    if let (Some(score), Some(reach)) = (last, reach)
        && turn.rollout.score.gate == StepGate::Unasked
    {
        shut(turn, need, (score, reach));
    }
}

/// Only the score keeps it. Evidence that was waited for has come; should it go again, it is waited for anew.
fn stay(turn: &mut Turn) {
    if matches!(turn.rollout.awaiting, Awaiting::Evidence { .. }) {
        turn.rollout.awaiting = Awaiting::Time;
    }
    let wait = Wait::paused(Millis::ZERO);
    turn.enter(Phase::Baking { wait });
}

/// The score was measured while the step lasts. What came to the same is no news.
pub(super) fn scored(turn: &mut Turn, (step, score): (usize, &ScoreSummary), wait: &Wait) {
    let known = turn.rollout.score.last.as_ref();
    if step != turn.rollout.step || known.is_some_and(|known| known.says_the_same(score)) {
        return;
    }
    turn.rollout.score.last = Some(Box::new(score.clone()));
    if turn.rollout.score.gate == StepGate::Shut {
        // Told again, unless it is high enough now.
        turn.rollout.score.gate = StepGate::Unasked;
    }
    let rollout = &turn.rollout;
    let stands = rollout.held || rollout.health.blind || !rollout.is_steady();
    if wait.remaining == Millis::ZERO && !stands {
        // Its evidence may have gone since its time was over.
        evidence::time_over(turn);
    }
}

/// A person has seen it.
pub(super) fn let_go(turn: &mut Turn) {
    if turn.rollout.is_shut() {
        turn.rollout.score.gate = StepGate::LetGo;
    }
}

fn shut(turn: &mut Turn, need: ScoreNeed, (score, reach): (Box<ScoreSummary>, Reach)) {
    let gate = turn.rollout.score_gate(need);
    // For lack of data nothing goes back.
    let then = match (score.known(), reach) {
        (Some(_), Reach::Below) => need.below,
        (None, Reach::Below) | (_, Reach::Unknown | Reach::Reached) => Below::Hold,
    };
    turn.rollout.score.gate = StepGate::Shut;
    turn.facts.push(Fact::GateShut {
        gate: gate.clone(),
        score: score.clone(),
        then,
    });
    if then == Below::Rollback {
        turn.fail(ReturnReason::LowScore { gate, score });
    }
}
