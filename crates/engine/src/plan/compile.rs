//! Compiling a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use windlass_model::{
    Change, Environment, Listen, Millis, Overlap, Percent, Plan, PlanKind, Release, RolloutPlan,
    ServiceName, ServiceSpec, ServiceState, Slot, Spec, Step, Strategy,
};

use super::identity::plan_id;
use super::problem::PlanProblem;
use super::rename::renames;
use super::tasks::tasks;
use crate::environment::renamed;

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
    let renames = renames(spec, environment)?;
    let environment = &renamed(environment, &renames);
    let wanted = spec.services.iter();
    let mut problems = taken_listeners(
        wanted.clone().map(|(s, w)| (s, w.listen.as_ref())),
        environment,
    );
    problems.extend(changed_targets(wanted, environment));
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
    needs_within(&mut rollouts);
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
        kind: PlanKind::Deploy,
        finalize: spec.finalize,
        score: spec.score.clone(),
        before: spec.before.clone(),
        tasks: tasks(PlanKind::Deploy, &rollouts, &renames),
        renames,
        rollouts,
        unchanged,
        unmanaged,
    })
}

/// Whether `plan` changes nothing at all.
pub fn is_nothing(plan: &Plan) -> bool {
    plan.rollouts.is_empty() && plan.renames.is_empty()
}

/// Fills in what each rollout needs among the others.
pub(super) fn needs_within(rollouts: &mut BTreeMap<ServiceName, RolloutPlan>) {
    let changing: BTreeSet<ServiceName> = rollouts.keys().cloned().collect();
    for part in rollouts.values_mut() {
        part.needs = part.spec.needs.intersection(&changing).cloned().collect();
    }
}

/// Places that another service serves, in the file or not: it keeps them until promotion at least.
/// While all on an address change to TLS, or which proxies they believe, they may differ; then one can't
/// stay behind.
pub(super) fn taken_listeners<'a>(
    wanted: impl Iterator<Item = (&'a ServiceName, Option<&'a Listen>)>,
    environment: &Environment,
) -> Vec<PlanProblem> {
    let mut taken: BTreeMap<SocketAddr, Vec<(&ServiceName, &Listen)>> = BTreeMap::new();
    for (owner, state) in &environment.services {
        let stable = state.stable.as_ref();
        if let Some(listen) = stable.and_then(|stable| stable.spec.listen.as_ref()) {
            taken
                .entry(listen.address)
                .or_default()
                .push((owner, listen));
        }
    }
    let wanted: BTreeMap<_, _> = wanted.collect();
    let mut problems = Vec::new();
    for (service, listen) in &wanted {
        let Some(listen) = listen else { continue };
        let there = taken.get(&listen.address).into_iter().flatten();
        let mut others = there.filter(|(owner, _)| owner != service);
        let found = others.find(|(owner, theirs)| {
            let stays = !wanted.contains_key(owner);
            theirs.is_same_place(listen) || (stays && theirs.mixes_with(listen))
        });
        if let Some((owner, theirs)) = found {
            problems.push(PlanProblem::ListenTaken {
                service: (*service).clone(),
                listen: Box::new((*listen).clone()),
                taken: Box::new((*theirs).clone()),
                owner: (*owner).clone(),
                may_be_it: !environment.services.contains_key(*service)
                    && !wanted.contains_key(owner),
            });
        }
    }
    problems
}

/// Services that are deployed by a command now and ran as a process before, or the other way round.
pub(super) fn changed_targets<'a>(
    wanted: impl Iterator<Item = (&'a ServiceName, &'a ServiceSpec)>,
    environment: &Environment,
) -> Vec<PlanProblem> {
    let stable = |service| {
        let state = environment.services.get(service)?;
        Some(&state.stable.as_ref()?.spec)
    };
    let changed = wanted.filter(|(service, wanted)| {
        stable(service).is_some_and(|was| was.command.is_some() != wanted.command.is_some())
    });
    changed
        .map(|(service, _)| PlanProblem::TargetChanged {
            service: service.clone(),
        })
        .collect()
}

fn rollout(wanted: &ServiceSpec, release: &Release, state: &ServiceState) -> Option<RolloutPlan> {
    let change = match &state.stable {
        None => Change::First {
            bake: last_bake(wanted),
        },
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
        failed: state.failed.as_ref().map(|kept| kept.slot.clone()),
        stable: state.stable.clone(),
        release: release.clone(),
        change,
    })
}

/// How long 100 % is watched: what the last step says.
fn last_bake(wanted: &ServiceSpec) -> Millis {
    let last = match &wanted.strategy {
        Strategy::Canary(steps) => steps.last(),
        Strategy::BlueGreen | Strategy::Recreate | Strategy::Rolling => None,
    };
    last.map_or(wanted.bake, |step| step.bake)
}

/// Whether the same release already listens and runs as wanted, and its requests are treated so. Everything else in a service is
/// policy: it counts from the next deployment that changes something.
fn is_as_wanted(stable: &Slot, wanted: &ServiceSpec) -> bool {
    stable.spec.listen == wanted.listen
        && stable.spec.treats_as(wanted)
        && stable.instances.len() == usize::from(wanted.process.instances)
}

/// Whether the old one must stop before a new one of this service starts.
pub(super) fn in_place(wanted: &ServiceSpec) -> bool {
    match &wanted.listen {
        None => wanted.overlap == Overlap::No,
        Some(_) => wanted.strategy == Strategy::Recreate,
    }
}

fn replacement(stable: &Slot, wanted: &ServiceSpec) -> Change {
    let bake = wanted.bake;
    let at_once = || {
        vec![Step {
            to: Percent::FULL,
            bake,
            score: None,
        }]
    };
    if in_place(wanted) {
        return Change::InPlace { bake };
    }
    let steps = match &wanted.strategy {
        // Nothing is served yet, or will be, that could be shared.
        Strategy::BlueGreen | Strategy::Recreate | Strategy::Canary(_) | Strategy::Rolling
            if stable.spec.listen.is_none() || wanted.listen.is_none() =>
        {
            at_once()
        }
        Strategy::BlueGreen | Strategy::Recreate => at_once(),
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
    shares
        .into_iter()
        .map(|to| Step {
            to,
            bake,
            score: None,
        })
        .collect()
}
