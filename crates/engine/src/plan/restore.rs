//! Planning a rollback after promotion.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use windlass_model::{
    Change, Environment, Finalize, Millis, OnFailure, Plan, PlanKind, Promoted, Release,
    RolloutPlan, ScoreSpec, ServiceName, ServiceState,
};

use super::compile::{changed_targets, in_place, needs_within, taken_listeners};
use super::identity::{Roles, roles, short_id};
use super::problem::PlanProblem;
use super::tasks::tasks;

/// What a rollback is computed from.
#[derive(Clone, Copy, Debug)]
pub struct RestoreInput<'a> {
    /// What runs.
    pub environment: &'a Environment,
    /// The folder that the application is deployed from.
    pub folder: &'a str,
    /// What each service goes back to.
    pub wanted: &'a BTreeMap<ServiceName, Promoted>,
    /// Services whose standby runs and answers.
    pub warm: &'a BTreeSet<ServiceName>,
    /// Noted in the plan; what fails in a rollback holds where it is.
    pub on_failure: OnFailure,
    /// How many instances may be starting at the same time.
    pub parallel: u16,
}

#[derive(Serialize)]
struct Covered<'a> {
    kind: PlanKind,
    wanted: BTreeMap<&'a ServiceName, &'a Release>,
    warm: &'a BTreeSet<ServiceName>,
    roles: BTreeMap<&'a ServiceName, Roles<'a>>,
    revision: u64,
}

/// Computes the way back to earlier releases: all at once, without a watch; to the standby where it
/// is what is wanted and answers, else from the kept release. A service that runs what is wanted
/// already stays as it is.
///
/// # Errors
/// Every problem at once.
pub fn restore(input: &RestoreInput<'_>) -> Result<Plan, Vec<PlanProblem>> {
    let RestoreInput {
        environment,
        wanted,
        warm,
        ..
    } = *input;
    let listens = wanted
        .iter()
        .map(|(s, known)| (s, known.spec.listen.as_ref()));
    let mut problems = taken_listeners(listens, environment);
    let specs = wanted.iter().map(|(s, known)| (s, &known.spec));
    problems.extend(changed_targets(specs, environment));
    let mut rollouts = BTreeMap::new();
    let mut unchanged = BTreeSet::new();
    for (service, known) in wanted {
        let state = environment.services.get(service);
        let Some(state) = state.filter(|state| state.stable.is_some()) else {
            problems.push(PlanProblem::NothingRuns {
                service: service.clone(),
            });
            continue;
        };
        match rollout(state, known, warm.contains(service)) {
            Some(part) => {
                rollouts.insert(service.clone(), part);
            }
            None => {
                unchanged.insert(service.clone());
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    needs_within(&mut rollouts);
    let covered = Covered {
        kind: PlanKind::Rollback,
        wanted: wanted
            .iter()
            .map(|(s, known)| (s, &known.release))
            .collect(),
        warm,
        roles: roles(environment),
        revision: environment.revision,
    };
    Ok(Plan {
        id: short_id(&covered),
        app: environment.app.clone(),
        environment: environment.environment.clone(),
        folder: input.folder.to_owned(),
        revision: environment.revision,
        on_failure: input.on_failure,
        parallel: input.parallel,
        kind: PlanKind::Rollback,
        finalize: Finalize::default(),
        score: ScoreSpec::default(),
        before: Vec::new(),
        renames: BTreeMap::new(),
        tasks: tasks(PlanKind::Rollback, &rollouts, &BTreeMap::new()),
        rollouts,
        unchanged,
        unmanaged: BTreeSet::new(),
    })
}

fn rollout(state: &ServiceState, known: &Promoted, warm: bool) -> Option<RolloutPlan> {
    let stable = state.stable.as_ref()?;
    if stable.release.identity == known.release.identity {
        return None;
    }
    let standby = state
        .standby
        .as_ref()
        .filter(|slot| warm && slot.release == known.release);
    let (mut spec, change) = match standby {
        // As it runs, which may be otherwise than it ran when it was promoted.
        Some(slot) => (slot.spec.clone(), Change::Restore { warm: true }),
        None if in_place(&known.spec) => {
            let bake = Millis::ZERO;
            (known.spec.clone(), Change::InPlace { bake })
        }
        None => (known.spec.clone(), Change::Restore { warm: false }),
    };
    // Where the router tells its figures is a setting of it, and of no release: whoever watches the
    // rollback reads them there.
    if let (Some(listen), Some(now)) = (&mut spec.listen, &stable.spec.listen) {
        listen.metrics = now.metrics;
    }
    Some(RolloutPlan {
        needs: BTreeSet::new(),
        spec,
        change,
        release: known.release.clone(),
        stable: state.stable.clone(),
        standby: state.standby.clone(),
        failed: state.failed.as_ref().map(|kept| kept.slot.clone()),
    })
}
