//! Dropping what a deployment has left: by a person's word, or by the calendar.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_api::Problem;
use windlass_control::{Direction, RouteChange};
use windlass_edge::EdgeError;
use windlass_model::{
    DeploymentId, DeploymentState, Environment, Finalize, Happened, InstanceId, Millis, Outcome,
    RouteSlot, ServiceKey, ServiceName, ServiceState, Slot,
};

use crate::because::Signed;
use crate::controller::Shared;
use crate::routes::generation;
use crate::{chronicle, keeper, planning, problems, views};

/// Time between two looks at the calendar.
const LOOK: Millis = Millis::from_secs(5);

/// Who drops a standby whose time is over.
const CALENDAR: &str = "windlass: finalize";

/// What a deployment has left, by service: standbys, and candidates that failed.
struct Kept {
    id: DeploymentId,
    environment: Environment,
    slots: BTreeMap<ServiceName, Vec<Slot>>,
}

/// The slots of one service that `id` has left.
fn left_by(state: &ServiceState, id: &DeploymentId) -> Vec<Slot> {
    let kept = state.standby_kept.as_ref();
    let standby = state.standby.iter();
    let standby = standby.filter(|_| kept.is_some_and(|kept| kept.by == *id));
    let failed = state.failed.iter().filter(|failed| failed.by == *id);
    standby
        .chain(failed.map(|failed| &failed.slot))
        .cloned()
        .collect()
}

fn kept_by(shared: &Rc<Shared>, id: &DeploymentId) -> Option<Kept> {
    let environments = shared.environments.borrow();
    environments.values().find_map(|environment| {
        let states = environment.services.iter();
        let left = states.map(|(service, state)| (service.clone(), left_by(state, id)));
        let slots: BTreeMap<_, _> = left.filter(|(_, slots)| !slots.is_empty()).collect();
        (!slots.is_empty()).then(|| Kept {
            id: id.clone(),
            environment: environment.clone(),
            slots,
        })
    })
}

/// Drops what a deployment has left. Again changes nothing.
pub(crate) async fn by_person(
    shared: &Rc<Shared>,
    id: &DeploymentId,
    by: Signed,
) -> Result<(), Problem> {
    let _changing = shared.changing.lock().await;
    shared.refuse_changes()?;
    let Some(kept) = kept_by(shared, id) else {
        return nothing_left(shared, id).await;
    };
    let environment = &kept.environment;
    let place = (&environment.app, &environment.environment);
    planning::refuse_locked_for(shared, place, &format!("windlass finalize {id}")).await?;
    let dropped = drop_kept(shared, &kept, &by.by).await;
    dropped.map_err(|error| problems::not_finalized(id, &error))?;
    chronicle::note(shared, finalized(kept, by));
    Ok(())
}

/// The deployment's own journal has ended: who dropped what it had left is told outside of it.
fn finalized(kept: Kept, by: Signed) -> Happened {
    let Signed { by, why } = by;
    Happened::Finalized {
        deployment: kept.id,
        app: kept.environment.app,
        environment: kept.environment.environment,
        services: kept.slots.into_keys().collect(),
        by,
        why,
    }
}

/// One that has ended is final already; one that runs may still leave something.
async fn nothing_left(shared: &Rc<Shared>, id: &DeploymentId) -> Result<(), Problem> {
    let state = views::stored(shared, id).await?.state;
    match state {
        DeploymentState::Ended(Outcome::Abandoned) => Err(problems::abandoned(id)),
        DeploymentState::Ended(_) => Ok(()),
        DeploymentState::Stuck => Err(problems::not_final_while_stuck(id)),
        DeploymentState::Running
        | DeploymentState::Held
        | DeploymentState::Returning
        | DeploymentState::Settling => Err(problems::not_final_yet(id)),
    }
}

/// Takes slots out of their routes, stops them, then writes that they are gone. Whoever dies on the
/// way is asked again: they are there until the last step.
async fn drop_kept(shared: &Rc<Shared>, kept: &Kept, by: &str) -> Result<(), EdgeError> {
    let slots = kept.slots.values().flatten();
    let instances: Vec<InstanceId> = slots
        .flat_map(|slot| slot.instances.iter().map(|i| i.id.clone()))
        .collect();
    // What leaves is not to be started again meanwhile.
    shared
        .leaving
        .borrow_mut()
        .extend(instances.iter().cloned());
    keeper::follow(shared);
    for instance in &instances {
        shared.keeper.let_go(instance).await;
    }
    let stopped = stop(shared, kept, &instances).await;
    let written = match stopped {
        Ok(()) => write(shared, kept).await,
        Err(error) => Err(error),
    };
    for instance in &instances {
        shared.leaving.borrow_mut().remove(instance);
    }
    keeper::follow(shared);
    written?;
    let names: Vec<&str> = kept.slots.keys().map(ServiceName::as_str).collect();
    let id = &kept.id;
    tracing::info!("what {id} left of {} was dropped by {by}", names.join(", "));
    Ok(())
}

async fn write(shared: &Rc<Shared>, kept: &Kept) -> Result<(), EdgeError> {
    let environment = &kept.environment;
    let mut next = shared.environment(&environment.app, &environment.environment);
    for (service, slots) in &kept.slots {
        let Some(state) = next.services.get_mut(service) else {
            continue;
        };
        let gone = |slot: &Slot| slots.iter().any(|one| one.id == slot.id);
        if state.standby.as_ref().is_some_and(gone) {
            state.drop_standby();
        }
        state.failed = state.failed.take().filter(|failed| !gone(&failed.slot));
    }
    shared.border.store.put_environment(&next).await?;
    shared.put_environment(next);
    Ok(())
}

async fn stop(shared: &Rc<Shared>, kept: &Kept, instances: &[InstanceId]) -> Result<(), EdgeError> {
    let router = &shared.border.router;
    let environment = &kept.environment;
    let observed = router.observe().await?;
    let mut routes = BTreeMap::new();
    for (service, slots) in &kept.slots {
        let key = ServiceKey {
            app: environment.app.clone(),
            environment: environment.environment.clone(),
            service: service.clone(),
        };
        let Some(entry) = observed.services.get(&key) else {
            continue;
        };
        let mut route = entry.route.clone();
        let stays = |slot: &RouteSlot| slots.iter().all(|gone| gone.id != slot.slot);
        route.slots.retain(stays);
        if route != entry.route {
            // Nobody gets more than before.
            let change = RouteChange {
                direction: Direction::Return,
                decided_on: generation(&observed, &key),
                route: Some(route),
            };
            routes.insert(key, change);
        }
    }
    if !routes.is_empty() {
        router.apply(routes.into()).await?;
    }
    let stops = instances.iter().map(|id| shared.border.target.stop(id));
    for stopped in futures_util::future::join_all(stops).await {
        stopped?;
    }
    Ok(())
}

/// Follows the calendar for as long as a standby waits for it.
pub(crate) fn follow_calendar(shared: &Rc<Shared>) {
    if waiting(shared).is_empty() || shared.follows_calendar.replace(true) {
        return;
    }
    let shared_too = Rc::clone(shared);
    shared.border.spawner.spawn(Box::pin(async move {
        loop {
            let waiting = waiting(&shared_too);
            if waiting.is_empty() || shared_too.ending.get() {
                break;
            }
            for (id, after) in waiting {
                look(&shared_too, &id, after).await;
            }
            shared_too.border.clock.sleep(LOOK).await;
        }
        shared_too.follows_calendar.set(false);
    }));
}

/// Deployments whose standby goes so long after their end.
fn waiting(shared: &Rc<Shared>) -> Vec<(DeploymentId, Millis)> {
    let environments = shared.environments.borrow();
    let states = environments.values().flat_map(|e| e.services.values());
    let mut waiting: Vec<(DeploymentId, Millis)> = states
        .filter(|state| state.standby.is_some())
        .filter_map(|state| state.standby_kept.as_ref())
        .filter_map(|kept| match kept.finalize {
            Finalize::After(after) => Some((kept.by.clone(), after)),
            Finalize::NextDeployment | Finalize::Manual => None,
        })
        .collect();
    waiting.dedup();
    waiting
}

async fn look(shared: &Rc<Shared>, id: &DeploymentId, after: Millis) {
    // One that is forgotten tells no time: its standby goes with the next deployment.
    let Ok(Some(stored)) = shared.border.store.deployment(id).await else {
        return;
    };
    let Some(ended_us) = stored.deployment.ended_us else {
        return;
    };
    let after_us = i64::try_from(after.as_millis().saturating_mul(1_000)).unwrap_or(i64::MAX);
    if shared.border.clock.calendar_us() < ended_us.saturating_add(after_us) {
        return;
    }
    let _changing = shared.changing.lock().await;
    let Some(kept) = kept_by(shared, id) else {
        return;
    };
    if kept.environment.lock.is_some() {
        return;
    }
    if let Err(error) = drop_kept(shared, &kept, CALENDAR).await {
        tracing::warn!("what {id} has left was not dropped: {}", error.chain());
    }
}
