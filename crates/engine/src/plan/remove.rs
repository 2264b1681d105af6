//! Planning the end of a service.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use windlass_model::{
    Change, Environment, Finalize, OnFailure, Plan, PlanKind, RolloutPlan, ScoreSpec, ServiceName,
};

use super::identity::{Roles, roles, short_id};
use super::problem::PlanProblem;
use super::tasks::tasks;

#[derive(Serialize)]
struct Covered<'a> {
    kind: PlanKind,
    service: &'a ServiceName,
    roles: BTreeMap<&'a ServiceName, Roles<'a>>,
    revision: u64,
}

/// Computes how `service` goes: its requests are turned away, those under way end, then its
/// instances stop, the standby's too.
///
/// # Errors
/// Nothing runs under that name, or what runs still needs it.
pub fn remove(
    environment: &Environment,
    folder: &str,
    service: &ServiceName,
) -> Result<Plan, Vec<PlanProblem>> {
    let state = environment.services.get(service);
    let Some((state, stable)) = state.and_then(|s| Some((s, s.stable.as_ref()?))) else {
        return Err(vec![PlanProblem::NothingRuns {
            service: service.clone(),
        }]);
    };
    let problems: Vec<PlanProblem> = environment
        .services
        .iter()
        .filter(|(other, _)| *other != service)
        .filter(|(_, state)| {
            let stable = state.stable.as_ref();
            stable.is_some_and(|slot| slot.spec.needs.contains(service))
        })
        .map(|(consumer, _)| PlanProblem::StillNeeded {
            service: service.clone(),
            consumer: consumer.clone(),
        })
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let part = RolloutPlan {
        needs: BTreeSet::new(),
        spec: stable.spec.clone(),
        change: Change::Remove,
        release: stable.release.clone(),
        stable: Some(stable.clone()),
        standby: state.standby.clone(),
        failed: state.failed.as_ref().map(|kept| kept.slot.clone()),
    };
    let rollouts = BTreeMap::from([(service.clone(), part)]);
    let covered = Covered {
        kind: PlanKind::Remove,
        service,
        roles: roles(environment),
        revision: environment.revision,
    };
    Ok(Plan {
        id: short_id(&covered),
        app: environment.app.clone(),
        environment: environment.environment.clone(),
        folder: folder.to_owned(),
        revision: environment.revision,
        on_failure: OnFailure::All,
        parallel: 1,
        kind: PlanKind::Remove,
        finalize: Finalize::default(),
        score: ScoreSpec::default(),
        before: Vec::new(),
        renames: BTreeMap::new(),
        tasks: tasks(PlanKind::Remove, &rollouts, &BTreeMap::new()),
        rollouts,
        unchanged: BTreeSet::new(),
        unmanaged: BTreeSet::new(),
    })
}
