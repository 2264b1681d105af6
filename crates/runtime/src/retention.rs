//! Dropping what no rollback may need any more.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use windlass_edge::{ErrorKind, StoredDeployment};
use windlass_model::{
    AppName, DeploymentId, EnvironmentName, InstanceId, Plan, PlanId, Release, RolloutPlan,
};

use crate::controller::Shared;
use crate::opening::Opened;

/// Ended deployments whose rows are kept.
pub(crate) const DEPLOYMENTS_KEPT: u32 = 200;

/// Newest deployments of an application in an environment whose releases (for `retry`) and instances' logs
/// and statuses are kept, also of failed ones.
pub(crate) const TRACES_KEPT: usize = 10;

/// Most deployments of all applications together of which that is kept: their logs fill the disk.
const TRACES_MOST: usize = 100;

/// Runs after each deployment. What can't be dropped now is tried again after the next one.
pub(crate) async fn run(shared: &Rc<Shared>) {
    if let Err(error) = shared
        .border
        .store
        .forget_deployments(DEPLOYMENTS_KEPT)
        .await
    {
        tracing::warn!("old deployments were not dropped: {}", error.chain());
    }
    let _nothing_is_kept_meanwhile = shared.releases.lock().await;
    let Needed {
        releases,
        instances,
        plans,
    } = match needed(shared).await {
        Ok(needed) => needed,
        // Without the whole list nothing may be dropped.
        Err(why) => return tracing::warn!("nothing was dropped: {why}"),
    };
    let target = &shared.border.target;
    if let Err(error) = target.forget_all_but(&releases, &instances).await {
        tracing::warn!("not everything old was dropped: {}", error.chain());
    }
    if let Err(error) = shared.border.gauge.forget_all_but(&plans).await {
        tracing::warn!("not everything old was dropped: {}", error.chain());
    }
}

/// What must stay.
struct Needed {
    releases: Vec<Release>,
    instances: Vec<InstanceId>,
    plans: BTreeSet<PlanId>,
}

/// Everything that runs, that somebody may go back to, retry or carry out, and whose end somebody
/// may want to look at.
async fn needed(shared: &Rc<Shared>) -> Result<Needed, String> {
    let store = &shared.border.store;
    let slots = shared.slots();
    let mut instances: Vec<InstanceId> = slots
        .iter()
        .flat_map(|slot| slot.instances.iter().map(|i| i.id.clone()))
        .collect();
    let mut releases: Vec<Release> = slots.into_iter().map(|slot| slot.release).collect();
    let known = store.deployments(DEPLOYMENTS_KEPT).await;
    let mut deployments = recent(known.map_err(|error| error.chain())?);
    let poisoned: Vec<DeploymentId> = shared.poisoned.borrow().keys().cloned().collect();
    for id in poisoned {
        let found = store.deployment(&id).await.map_err(|error| error.chain())?;
        deployments.extend(found.map(|open| open.deployment));
    }
    let mut carried = running_plans(shared);
    let mut retried: Vec<RolloutPlan> = Vec::new();
    for stored in deployments {
        carried.insert(stored.plan.id.clone());
        let traces = traces(&stored.opening);
        instances.extend(traces.ok_or_else(|| format!("nobody knows what {} began", stored.id))?);
        let is_open = stored.ended_us.is_none();
        let parts = stored.plan.rollouts.into_values();
        if is_open {
            releases.extend(parts.map(|part| part.release));
        } else {
            retried.extend(parts);
        }
    }
    for environment in shared.environments.borrow().values() {
        for state in environment.services.values() {
            releases.extend(state.promoted.iter().map(|known| known.release.clone()));
            releases.extend(state.rolled_back.iter().cloned());
        }
    }
    let plans = store.plans().await.map_err(|error| error.chain())?;
    let usable = plans.into_iter().filter(|plan| is_usable(shared, plan));
    for plan in usable {
        carried.insert(plan.id);
        retried.extend(plan.rollouts.into_values());
    }
    for part in retried {
        let is_needed = releases.contains(&part.release);
        if is_needed || can_be_brought(shared, &part).await {
            releases.push(part.release);
        }
    }
    Ok(Needed {
        releases,
        instances,
        plans: carried,
    })
}

/// Whether what only a retry or a plan would bring still could be: nobody starts damaged bytes, and nobody can
/// go back to what was never promoted. Of what a script brings no bytes are kept.
async fn can_be_brought(shared: &Shared, part: &RolloutPlan) -> bool {
    if part.spec.command.is_some() {
        return true;
    }
    // Only what is kept: a program elsewhere may be away for a while.
    let looked = shared.border.target.verify(&part.release).await;
    // What can't be read now may be whole.
    looked.map_or_else(
        |why| why.kind != ErrorKind::Rejected,
        |found| found == part.release.artefact,
    )
}

/// Those of which traces are kept, of all from the newest on: what a neighbour deploys throws out nobody's.
fn recent(all: Vec<StoredDeployment>) -> Vec<StoredDeployment> {
    let mut seen: BTreeMap<(AppName, EnvironmentName), usize> = BTreeMap::new();
    let recent = all.into_iter().filter(|stored| {
        let plan = &stored.plan;
        let place = (plan.app.clone(), plan.environment.clone());
        let seen = seen.entry(place).or_default();
        *seen += 1;
        *seen <= TRACES_KEPT
    });
    recent.take(TRACES_MOST).collect()
}

/// The plans that are carried out now.
fn running_plans(shared: &Shared) -> BTreeSet<PlanId> {
    let running = shared.running.borrow();
    let plans = running
        .values()
        .map(|driven| driven.now.borrow().plan.id.clone());
    plans.collect()
}

/// Whether `deploy --plan` could still carry a plan out: one made before the last change of its
/// environment is refused, so nobody needs what it would have brought.
fn is_usable(shared: &Shared, plan: &Plan) -> bool {
    shared.environment(&plan.app, &plan.environment).revision == plan.revision
}

/// Every instance that was allotted to a deployment; none when that can't be read.
pub(crate) fn traces(opening: &str) -> Option<Vec<InstanceId>> {
    let Opened { opening, .. } = serde_json::from_str(opening).ok()?;
    let slots = opening.slots.into_values();
    let instances = slots.flat_map(|slot| slot.fresh.into_iter().chain(slot.back).map(|i| i.id));
    Some(instances.collect())
}
