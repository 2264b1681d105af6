//! Compiling a plan.

use std::collections::{BTreeMap, BTreeSet};

use windlass_model::{
    Change, Environment, Millis, Overlap, Percent, Plan, Release, RolloutPlan, ServiceName,
    ServiceSpec, ServiceState, Slot, Spec, Step, Strategy,
};

use super::identity::plan_id;
use super::problem::PlanProblem;
use super::tasks::tasks;

/// What a plan is computed from.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// What is wanted.
    pub spec: &'a Spec,
    /// What runs.
    pub environment: &'a Environment,
    /// The kept release of each service of the spec, with its final version.
    pub releases: &'a BTreeMap<ServiceName, Release>,
}

/// Computes what to do. The same input gives the same plan, byte for byte.
///
/// # Errors
/// Every problem at once.
pub fn compile(input: Input<'_>) -> Result<Plan, Vec<PlanProblem>> {
    let Input {
        spec,
        environment,
        releases,
    } = input;
    let problems = taken_listeners(spec, environment);
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut rollouts = BTreeMap::new();
    let mut unchanged = BTreeSet::new();
    let nothing = ServiceState::default();
    for (service, wanted) in &spec.services {
        let Some(release) = releases.get(service) else {
            continue;
        };
        let state = environment.services.get(service).unwrap_or(&nothing);
        match rollout(wanted, release, state) {
            Some(part) => {
                rollouts.insert(service.clone(), part);
            }
            None => {
                unchanged.insert(service.clone());
            }
        }
    }
    let changing: BTreeSet<ServiceName> = rollouts.keys().cloned().collect();
    for part in rollouts.values_mut() {
        part.needs = part.spec.needs.intersection(&changing).cloned().collect();
    }
    let unmanaged = environment
        .services
        .iter()
        .filter(|(service, state)| state.stable.is_some() && !spec.services.contains_key(*service))
        .map(|(service, _)| service.clone())
        .collect();
    Ok(Plan {
        folder: String::new(),
        id: plan_id(input),
        app: spec.app.clone(),
        environment: spec.environment.clone(),
        revision: environment.revision,
        on_failure: spec.on_failure,
        parallel: spec.parallel,
        tasks: tasks(&rollouts),
        rollouts,
        unchanged,
        unmanaged,
    })
}

/// Addresses that another service serves, in the file or not: it keeps them until promotion at least.
fn taken_listeners(spec: &Spec, environment: &Environment) -> Vec<PlanProblem> {
    let taken: BTreeMap<_, _> = environment
        .services
        .iter()
        .filter_map(|(owner, state)| Some((state.stable.as_ref()?.spec.listen?, owner)))
        .collect();
    let mut problems = Vec::new();
    for (service, wanted) in &spec.services {
        let found = wanted.listen.and_then(|a| Some((a, *taken.get(&a)?)));
        if let Some((address, owner)) = found.filter(|(_, owner)| *owner != service) {
            problems.push(PlanProblem::ListenTaken {
                service: service.clone(),
                address,
                owner: owner.clone(),
            });
        }
    }
    problems
}

fn rollout(wanted: &ServiceSpec, release: &Release, state: &ServiceState) -> Option<RolloutPlan> {
    let change = match &state.stable {
        None => Change::First { bake: wanted.bake },
        Some(stable) if stable.release.identity == release.identity => {
            if is_as_wanted(stable, wanted) {
                return None;
            }
            Change::Adjust { bake: wanted.bake }
        }
        Some(stable) => replacement(stable, wanted),
    };
    Some(RolloutPlan {
        needs: BTreeSet::new(),
        spec: wanted.clone(),
        standby: state.standby.clone(),
        stable: state.stable.clone(),
        release: release.clone(),
        change,
    })
}

/// Whether the same release already listens and runs as wanted. Everything else in a service is
/// policy: it counts from the next deployment that changes something.
fn is_as_wanted(stable: &Slot, wanted: &ServiceSpec) -> bool {
    stable.spec.listen == wanted.listen
        && stable.instances.len() == usize::from(wanted.process.instances)
}

fn replacement(stable: &Slot, wanted: &ServiceSpec) -> Change {
    let bake = wanted.bake;
    let at_once = || {
        vec![Step {
            to: Percent::FULL,
            bake,
        }]
    };
    if wanted.listen.is_none() {
        return match wanted.overlap {
            Overlap::No => Change::InPlace { bake },
            Overlap::Yes => Change::Beside { steps: at_once() },
        };
    }
    let steps = match &wanted.strategy {
        Strategy::Recreate => return Change::InPlace { bake },
        // Nothing is served yet that could be shared.
        Strategy::BlueGreen | Strategy::Canary(_) | Strategy::Rolling
            if stable.spec.listen.is_none() =>
        {
            at_once()
        }
        Strategy::BlueGreen => at_once(),
        Strategy::Canary(steps) => steps.clone(),
        Strategy::Rolling => rolling_steps(wanted.process.instances, bake),
    };
    Change::Beside { steps }
}

/// Instances k of n, as whole shares: at most a hundred of them, however many instances there are.
fn rolling_steps(instances: u16, bake: Millis) -> Vec<Step> {
    let n = u64::from(instances.max(1));
    let shares: BTreeSet<Percent> = (1..=n)
        .filter_map(|k| Percent::new(k * 100 / n).ok())
        .filter(|share| *share > Percent::ZERO)
        .collect();
    shares.into_iter().map(|to| Step { to, bake }).collect()
}
