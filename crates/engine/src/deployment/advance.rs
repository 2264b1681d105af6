//! What follows of itself once a step is made: beginnings, spreading failures, turns, the commit
//! point and the end.

use windlass_model::{Fact, OnFailure, Outcome, PlanKind, ReturnReason, ServiceName, StuckReason};

use super::graph::consumers;
use super::state::{Action, Course, Deployment, Names};
use super::step::Turn;
use super::{prove, scoring};
use crate::rollout::{Event, Phase, Return, Rollout, Stage};

/// Goes on until nothing follows any more. Each round moves at least one rollout one way along its
/// phases, so that it ends.
pub(super) fn advance(turn: &mut Turn) {
    loop {
        let moved = spread_failure(turn) | give_turns(turn) | begin_ready(turn);
        if !moved {
            break;
        }
    }
    promote(turn);
    end(turn);
}

pub(super) fn goes_back(rollout: &Rollout) -> bool {
    match rollout.phase {
        // Nobody knows yet whether it has failed: the others wait for a person too.
        Phase::Stuck(StuckReason::OutcomeUnknown(_)) => false,
        Phase::Returning(_) | Phase::Returned | Phase::Stuck(_) => true,
        Phase::Waiting
        | Phase::Clearing(_)
        | Phase::StoppingOld(_)
        | Phase::Starting { .. }
        | Phase::Holding
        | Phase::Shifting { .. }
        | Phase::Baking { .. }
        | Phase::Passed
        | Phase::Settling(_)
        | Phase::Done => false,
    }
}

fn services(deployment: &Deployment, which: impl Fn(&Rollout) -> bool) -> Vec<ServiceName> {
    let all = deployment.rollouts.iter();
    all.filter(|(_, rollout)| which(rollout))
        .map(|(service, _)| service.clone())
        .collect()
}

/// Before promotion, a rollout that goes back takes others with it.
fn spread_failure(turn: &mut Turn) -> bool {
    match turn.deployment.course {
        Course::Forward | Course::Promoting | Course::Returning => {}
        Course::Promoted | Course::Ended(_) => return false,
    }
    // What fails in a rollback holds where it is: going on is the way back of all the others.
    if turn.deployment.plan.kind == PlanKind::Rollback
        && turn.deployment.course != Course::Returning
    {
        return false;
    }
    let back = services(&turn.deployment, goes_back);
    let Some(first) = back.first().cloned() else {
        return false;
    };
    let mut moved = false;
    match turn.deployment.plan.on_failure {
        OnFailure::All => {
            turn.deployment.course = Course::Returning;
            turn.deployment.held = false;
            for service in services(&turn.deployment, |rollout| !goes_back(rollout)) {
                let why = ReturnReason::OtherFailed(first.clone());
                turn.rollout(&service, &Event::ReturnRequested { why });
                moved = true;
            }
        }
        OnFailure::Dependents => {
            // A promotion that was being confirmed is off until the rest has passed again.
            if turn.deployment.course == Course::Promoting
                && !services(&turn.deployment, is_moving_back).is_empty()
            {
                turn.deployment.course = Course::Forward;
            }
            for provider in back {
                let needing: Vec<ServiceName> = consumers(&turn.deployment.plan, &provider)
                    .cloned()
                    .collect();
                for service in needing {
                    if turn
                        .deployment
                        .rollouts
                        .get(&service)
                        .is_some_and(|r| !goes_back(r))
                    {
                        let why = ReturnReason::NeedFailed(provider.clone());
                        turn.rollout(&service, &Event::ReturnRequested { why });
                        moved = true;
                    }
                }
            }
        }
    }
    moved
}

fn is_moving_back(rollout: &Rollout) -> bool {
    matches!(rollout.phase, Phase::Returning(_) | Phase::Stuck(_))
}

/// Consumers go back before their providers: a provider's turn comes once the traffic of all that
/// need it is back.
fn give_turns(turn: &mut Turn) -> bool {
    let waiting = services(&turn.deployment, |rollout| {
        matches!(
            rollout.phase,
            Phase::Returning(Return {
                stage: Stage::Turn,
                ..
            })
        )
    });
    let mut moved = false;
    for provider in waiting {
        let free = consumers(&turn.deployment.plan, &provider).all(|consumer| {
            turn.deployment
                .rollouts
                .get(consumer)
                .is_none_or(Rollout::is_out_of_the_way)
        });
        if free {
            turn.rollout(&provider, &Event::ReturnTurn);
            moved = true;
        }
    }
    moved
}

/// A rollout begins when those it needs have passed.
fn begin_ready(turn: &mut Turn) -> bool {
    let now = &turn.deployment;
    if now.held || now.names != Names::Known || now.course != Course::Forward || now.awaits_score()
    {
        return false;
    }
    let waiting = services(&turn.deployment, |rollout| rollout.phase == Phase::Waiting);
    let mut moved = false;
    for service in waiting {
        let ready = turn
            .deployment
            .plan
            .rollouts
            .get(&service)
            .is_some_and(|plan| {
                plan.needs.iter().all(|need| {
                    turn.deployment
                        .rollouts
                        .get(need)
                        .is_none_or(|r| matches!(r.phase, Phase::Passed | Phase::Done))
                })
            });
        if ready {
            turn.rollout(&service, &Event::NeedsPassed);
            moved = true;
        }
    }
    moved
}

fn promote(turn: &mut Turn) {
    // Of a rollback that fails nothing else goes back, but nothing is promoted either.
    let unsteady = services(&turn.deployment, |rollout| {
        let stuck = matches!(rollout.phase, Phase::Stuck(_));
        stuck || (rollout.phase == Phase::Passed && !rollout.is_steady())
    });
    if turn.deployment.course == Course::Promoting && !unsteady.is_empty() {
        // Its confirmation comes too late: it is asked for anew once all is ready again.
        turn.deployment.course = Course::Forward;
    }
    if turn.deployment.course != Course::Forward || turn.deployment.held || !unsteady.is_empty() {
        return;
    }
    let open = services(&turn.deployment, |rollout| {
        !matches!(rollout.phase, Phase::Passed | Phase::Returned | Phase::Done)
    });
    let passed = services(&turn.deployment, |rollout| rollout.phase == Phase::Passed);
    if open.is_empty() && !passed.is_empty() {
        turn.deployment.course = Course::Promoting;
        turn.actions.push(Action::ConfirmPromotion);
    }
}

fn end(turn: &mut Turn) {
    let over = turn
        .deployment
        .rollouts
        .values()
        .all(|rollout| matches!(rollout.phase, Phase::Done | Phase::Returned));
    let last_look = turn.deployment.proving || turn.deployment.scores.ending;
    if !over || turn.deployment.names != Names::Known || last_look {
        return;
    }
    let due = prove::due(&turn.deployment);
    if !due.is_empty() {
        turn.deployment.proving = true;
        turn.actions.push(Action::Prove(due));
        return;
    }
    if !scoring::measures_the_end(turn) {
        ended(turn);
    }
}

/// All is done.
pub(super) fn ended(turn: &mut Turn) {
    let outcome = outcome(&turn.deployment);
    turn.deployment.course = Course::Ended(outcome);
    turn.facts.push(Fact::Ended { outcome });
}

fn outcome(deployment: &Deployment) -> Outcome {
    let mut rollouts = deployment.rollouts.values();
    let back = rollouts
        .clone()
        .filter(|rollout| rollout.phase == Phase::Returned)
        .count();
    // Nothing but names can change before anything is promoted or back: only an abort ends it so.
    let called_off = deployment.rollouts.is_empty() && deployment.course == Course::Returning;
    if called_off {
        Outcome::RolledBack
    } else if back == 0 {
        Outcome::Promoted
    } else if back < deployment.rollouts.len() {
        Outcome::PartlyPromoted
    } else if rollouts.all(|rollout| rollout.plan.stable.is_none()) {
        Outcome::Failed
    } else {
        Outcome::RolledBack
    }
}
