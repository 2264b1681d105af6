//! What a rollout waits for, asked for again.

use windlass_model::Percent;

use super::action::Action;
use super::late::Late;
use super::state::{Begun, Phase, Return, Rollout, Settling, Stage, StoppingOld};

/// The actions whose answers this rollout waits for, after a crash. The shell observes before it
/// does any of them again, so that none takes effect twice.
pub fn resume(rollout: &Rollout) -> Vec<Action> {
    let mut actions = match &rollout.phase {
        // A try that failed waits for its timer.
        Phase::Returning(Return { retry: Some(_), .. })
        | Phase::Starting {
            late: Some(Late { retry: Some(_), .. }),
            ..
        } => Vec::new(),
        Phase::Waiting
        | Phase::Clearing(_)
        | Phase::StoppingOld(_)
        | Phase::Starting { .. }
        | Phase::Holding
        | Phase::Shifting { .. }
        | Phase::Baking { .. }
        | Phase::Passed
        | Phase::Settling(_)
        | Phase::Done
        | Phase::Returning(Return { retry: None, .. })
        | Phase::Returned
        | Phase::Stuck(_) => stage_actions(rollout),
    };
    match &rollout.phase {
        Phase::StoppingOld(StoppingOld::Closing { wait, .. })
        | Phase::Starting { wait, late: None }
        | Phase::Shifting { wait, .. }
        | Phase::Baking { wait } => actions.extend(wait.again()),
        Phase::Returning(Return { wait, retry, .. })
        | Phase::Starting {
            wait,
            late: Some(Late { retry, .. }),
        } => {
            actions.extend(wait.again());
            actions.extend(retry.map(soon));
        }
        Phase::Settling(
            Settling::Closing { retry, .. }
            | Settling::Routing { retry, .. }
            | Settling::Stopping { retry, .. },
        ) => actions.extend(retry.map(soon)),
        Phase::Waiting
        | Phase::Clearing(_)
        | Phase::StoppingOld(StoppingOld::Draining | StoppingOld::Stopping { .. })
        | Phase::Holding
        | Phase::Passed
        | Phase::Settling(Settling::Draining)
        | Phase::Done
        | Phase::Returned
        | Phase::Stuck(_) => {}
    }
    actions
}

fn soon(timer: windlass_model::TimerId) -> Action {
    Action::StartTimer {
        timer,
        after: super::turn::RETRY_AFTER,
    }
}

/// The same without timers.
pub(crate) fn stage_actions(rollout: &Rollout) -> Vec<Action> {
    match &rollout.phase {
        Phase::Clearing(clearing) => stops(&clearing.left),
        Phase::StoppingOld(now) => match now {
            StoppingOld::Closing { attempt, .. } => rollout
                .old()
                .map(|old| {
                    route(
                        *attempt,
                        rollout.is_rollback(),
                        rollout.route_closed(old, &old.instances),
                    )
                })
                .into_iter()
                .collect(),
            StoppingOld::Draining => drain_old(rollout),
            StoppingOld::Stopping { left } => stops(left),
        },
        Phase::Starting { late: None, .. } => starts(rollout, false),
        Phase::Starting {
            late: Some(late), ..
        } => stops(&late.left),
        Phase::Shifting { attempt, .. } => {
            let to = rollout
                .steps()
                .get(rollout.step)
                .map_or(Percent::FULL, |step| step.to);
            vec![route(*attempt, rollout.is_rollback(), rollout.route_at(to))]
        }
        Phase::Settling(now) => settling(rollout, now),
        Phase::Returning(back) => returning(rollout, &back.stage),
        Phase::Waiting
        | Phase::Holding
        | Phase::Baking { .. }
        | Phase::Passed
        | Phase::Done
        | Phase::Returned
        | Phase::Stuck(_) => Vec::new(),
    }
}

fn route(attempt: u32, returning: bool, route: Option<windlass_model::Route>) -> Action {
    Action::ApplyRoute {
        attempt,
        returning,
        route,
    }
}

fn stops<'a>(left: impl IntoIterator<Item = &'a windlass_model::InstanceId>) -> Vec<Action> {
    left.into_iter()
        .map(|i| Action::StopInstance {
            instance: i.clone(),
        })
        .collect()
}

fn drain_old(rollout: &Rollout) -> Vec<Action> {
    rollout
        .old()
        .map(|old| Action::AwaitDrain {
            slot: old.id,
            within: old.spec.drain,
        })
        .into_iter()
        .collect()
}

/// Starts that are not confirmed yet: of the candidate, or of the old release coming `back`.
fn starts(rollout: &Rollout, back: bool) -> Vec<Action> {
    let all = if back {
        rollout.back.iter().collect()
    } else {
        rollout.fresh()
    };
    all.into_iter()
        .filter(|i| !rollout.health.started.contains(&i.id))
        .map(|i| rollout.start_action(i))
        .collect()
}

fn settling(rollout: &Rollout, now: &Settling) -> Vec<Action> {
    let mut actions: Vec<Action> = rollout
        .candidate
        .instances
        .iter()
        .filter(|_| !rollout.is_command())
        .map(|i| Action::KeepInstance {
            instance: i.id.clone(),
        })
        .collect();
    match now {
        // A try that failed waits for its timer.
        Settling::Closing { retry: Some(_), .. }
        | Settling::Routing { retry: Some(_), .. }
        | Settling::Stopping { retry: Some(_), .. } => {}
        Settling::Closing {
            attempt,
            retry: None,
        } => {
            actions.push(route(
                *attempt,
                rollout.is_rollback(),
                rollout.route_leaving(),
            ));
        }
        Settling::Routing {
            attempt,
            retry: None,
        } => {
            actions.push(route(
                *attempt,
                rollout.is_rollback(),
                rollout.route_final(),
            ));
        }
        Settling::Draining => actions.extend(drain_old(rollout)),
        Settling::Stopping { left, retry: None } => actions.extend(stops(left)),
    }
    actions
}

fn returning(rollout: &Rollout, stage: &Stage) -> Vec<Action> {
    match stage {
        Stage::Turn | Stage::Capacity => Vec::new(),
        Stage::Routing { attempt } => {
            let back = if rollout.has_begun(Begun::StoppingOld) {
                rollout.route_closed(&rollout.candidate, &rollout.candidate.instances)
            } else {
                rollout.route_back()
            };
            vec![route(*attempt, true, back)]
        }
        Stage::Draining => vec![Action::AwaitDrain {
            slot: rollout.candidate.id,
            within: rollout.plan.spec.drain,
        }],
        Stage::Stopping { left } | Stage::Ending { left, .. } => stops(left),
        Stage::Restarting => starts(rollout, true),
        Stage::Finishing { attempt } => vec![route(*attempt, true, rollout.route_returned())],
    }
}
