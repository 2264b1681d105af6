//! Ending an application's services.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_api::{DownAnswer, Problem};
use windlass_control::{Direction, RouteChange};
use windlass_model::{
    AppName, DeploymentId, Environment, EnvironmentName, InstanceId, ServiceKey, ServiceName, Slot,
};

use crate::controller::Shared;
use crate::drive::Input;
use crate::{problems, retention};

/// Takes an application's services off the router, then stops them. Asked again, it finishes what
/// is left.
pub(crate) async fn down(
    shared: &Rc<Shared>,
    app: &AppName,
    only: Option<&EnvironmentName>,
    by: &str,
) -> Result<DownAnswer, Problem> {
    let chosen: Vec<Environment> = shared
        .environments
        .borrow()
        .values()
        .filter(|e| e.app == *app && only.is_none_or(|name| e.environment == *name))
        .cloned()
        .collect();
    for environment in &chosen {
        refuse_running(shared, environment)?;
    }
    let mut ended = Vec::new();
    for environment in chosen {
        ended.extend(one(shared, environment, by).await?);
    }
    let last = shared
        .environments
        .borrow()
        .values()
        .all(|e| e.lock.is_none() && e.services.values().all(|s| s.stable.is_none()));
    if last && let Err(error) = shared.border.router.shutdown().await {
        return Err(problems::not_down("the router", &error));
    }
    Ok(DownAnswer { ended, last })
}

fn refuse_running(shared: &Rc<Shared>, environment: &Environment) -> Result<(), Problem> {
    let Some(holder) = &environment.lock else {
        return Ok(());
    };
    let running = shared.running.borrow();
    // What is stuck moves nothing by itself any more: its services may end.
    match running.get(holder) {
        Some(driven) if !driven.is_stuck() => Err(problems::locked(holder)),
        Some(_) | None => Ok(()),
    }
}

async fn one(
    shared: &Rc<Shared>,
    environment: Environment,
    by: &str,
) -> Result<Vec<ServiceName>, Problem> {
    unroute(shared, &environment).await?;
    let mut ended = Vec::new();
    for (service, slots) in slots(shared, &environment) {
        let instances: Vec<InstanceId> = slots
            .iter()
            .flat_map(|slot| slot.instances.iter().map(|i| i.id.clone()))
            .collect();
        stop(shared, service.as_str(), &instances).await?;
        if !instances.is_empty() {
            ended.push(service);
        }
    }
    if let Some(holder) = &environment.lock {
        end_holder(shared, holder, by).await?;
    }
    let mut now = shared.environment(&environment.app, &environment.environment);
    now.lock = None;
    for state in now.services.values_mut() {
        state.stable = None;
        state.standby = None;
    }
    if !ended.is_empty() {
        now.revision = now.revision.saturating_add(1);
    }
    tracing::info!("{}/{} taken down by {by}", now.app, now.environment);
    let written = shared.border.store.put_environment(&now).await;
    written.map_err(|e| problems::store(&e))?;
    shared.put_environment(now);
    Ok(ended)
}

async fn stop(shared: &Rc<Shared>, what: &str, instances: &[InstanceId]) -> Result<(), Problem> {
    let stops = instances.iter().map(|id| shared.border.target.stop(id));
    for result in futures_util::future::join_all(stops).await {
        result.map_err(|error| problems::not_down(what, &error))?;
    }
    Ok(())
}

/// Ends the deployment that holds the lock: a stuck one, or one whose journal is damaged, so that
/// only what was allotted to it tells what it may have started.
async fn end_holder(shared: &Rc<Shared>, holder: &DeploymentId, by: &str) -> Result<(), Problem> {
    let found = shared.border.store.deployment(holder).await;
    let found = found.map_err(|e| problems::store(&e))?;
    let allotted = found.map(|open| retention::traces(&open.deployment.opening));
    stop(shared, holder.as_str(), &allotted.unwrap_or_default()).await?;
    let driven = shared.running.borrow().get(holder).cloned();
    let Some(driven) = driven else {
        return Ok(());
    };
    let (reply, answer) = futures_channel::oneshot::channel();
    let by = by.to_owned();
    driven.inbox.send(Input::TakenDown { by, reply }).await;
    // A loop that ended meanwhile has freed the lock itself.
    answer.await.unwrap_or(Ok(()))
}

async fn unroute(shared: &Rc<Shared>, environment: &Environment) -> Result<(), Problem> {
    let router = &shared.border.router;
    let observed = router
        .observe()
        .await
        .map_err(|e| problems::not_down("the router", &e))?;
    let ours =
        |key: &ServiceKey| key.app == environment.app && key.environment == environment.environment;
    let changes: BTreeMap<ServiceKey, RouteChange> = observed
        .services
        .into_iter()
        .filter(|(key, _)| ours(key))
        .map(|(key, entry)| {
            let decided_on = entry.generation;
            (
                key,
                RouteChange {
                    direction: Direction::Return,
                    decided_on,
                    route: None,
                },
            )
        })
        .collect();
    if changes.is_empty() {
        return Ok(());
    }
    router
        .apply(changes)
        .await
        .map_err(|e| problems::not_down("the router", &e))?;
    Ok(())
}

/// Consumers first: nobody loses what it needs while it still runs.
fn slots(shared: &Rc<Shared>, environment: &Environment) -> Vec<(ServiceName, Vec<Slot>)> {
    let mut left: BTreeMap<ServiceName, Vec<Slot>> = environment
        .services
        .iter()
        .map(|(service, state)| {
            (
                service.clone(),
                state.stable.iter().chain(&state.standby).cloned().collect(),
            )
        })
        .collect();
    if let Some(driven) = environment
        .lock
        .as_ref()
        .and_then(|id| shared.running.borrow().get(id).cloned())
    {
        for (service, rollout) in &driven.now.borrow().rollouts {
            let slots = left.entry(service.clone()).or_default();
            slots.push(rollout.candidate.clone());
            if let Some(old) = rollout.old() {
                slots.push(Slot {
                    instances: rollout.back.clone(),
                    ..old.clone()
                });
            }
        }
    }
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let needed = |service: &ServiceName| {
            left.iter().any(|(other, slots)| {
                other != service && slots.iter().any(|slot| slot.spec.needs.contains(service))
            })
        };
        let next = left
            .keys()
            .find(|service| !needed(service))
            .or_else(|| left.keys().next());
        let Some(next) = next.cloned() else { break };
        let slots = left.remove(&next).unwrap_or_default();
        ordered.push((next, slots));
    }
    ordered
}
