//! Ending an application's services.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_api::{DownAnswer, Problem};
use windlass_control::{Direction, RouteChange};
use windlass_edge::EdgeError;
use windlass_model::{
    AppName, DeploymentId, Environment, EnvironmentName, Happened, Happening, InstanceId,
    ServiceKey, ServiceName, Slot,
};

use crate::because::Signed;
use crate::controller::Shared;
use crate::drive::{Driven, Input};
use crate::{chronicle, keeper, problems, retention, scorer, taken_down};

/// Takes an application's services off the router, then stops them. Asked again, it finishes what
/// is left.
pub(crate) async fn down(
    shared: &Rc<Shared>,
    app: &AppName,
    only: Option<&EnvironmentName>,
    by: &Signed,
) -> Result<DownAnswer, Problem> {
    shared.refuse_lost()?;
    for environment in chosen(shared, app, only) {
        scorer::give_up(shared, app, &environment.environment).await;
    }
    let chosen = chosen(shared, app, only);
    for environment in &chosen {
        refuse_running(shared, environment)?;
    }
    // What can't be written down must not end: as long as nothing has moved, a full disk is only a refusal.
    for environment in &chosen {
        let written = shared.border.store.put_environment(environment).await;
        written.map_err(|e| problems::store(&e))?;
    }
    let (mut ended, mut stays, mut was_stuck) = (Vec::new(), Vec::new(), Vec::new());
    for environment in chosen {
        let scripts = environment.services.iter();
        let scripts = scripts.filter(|(_, state)| state.is_of_a_script());
        stays.extend(scripts.map(|(service, _)| service.clone()));
        let place = (environment.app.clone(), environment.environment.clone());
        // What runs would have been refused; one whose journal can't be read is no stuck one.
        let stuck = environment.lock.clone().filter(|holder| {
            let running = shared.running.borrow();
            running.get(holder).is_some_and(Driven::is_stuck)
        });
        let services = one(shared, environment, &by.by).await?;
        note_down(shared, place, (&services, stuck.as_ref()), by).await;
        ended.extend(services);
        was_stuck.extend(stuck);
    }
    let last = shared
        .environments
        .borrow()
        .values()
        .all(|e| e.lock.is_none() && e.services.values().all(|s| !s.runs()));
    if last && let Err(error) = shared.border.router.shutdown().await {
        let pid = shared.border.router.process().await;
        return Err(taken_down::router_stays(pid, &error));
    }
    Ok(DownAnswer {
        ended,
        stays,
        stuck: was_stuck,
        last,
    })
}

/// The environments that are meant.
pub(crate) fn chosen(
    shared: &Shared,
    app: &AppName,
    only: Option<&EnvironmentName>,
) -> Vec<Environment> {
    let all = shared.environments.borrow();
    let all = all.values();
    all.filter(|e| e.app == *app && only.is_none_or(|name| e.environment == *name))
        .cloned()
        .collect()
}

/// Refuses while a deployment runs that can end by itself.
pub(crate) fn refuse_running(
    shared: &Rc<Shared>,
    environment: &Environment,
) -> Result<(), Problem> {
    let Some(holder) = &environment.lock else {
        return Ok(());
    };
    let running = shared.running.borrow();
    // What is stuck moves nothing by itself any more: its services may end.
    match running.get(holder) {
        Some(driven) if !driven.is_stuck() => {
            Err(problems::locked_for(shared, holder, "windlass down"))
        }
        Some(_) | None => Ok(()),
    }
}

async fn one(
    shared: &Rc<Shared>,
    environment: Environment,
    by: &str,
) -> Result<Vec<ServiceName>, Problem> {
    keeper::rest(shared, &environment);
    unroute(shared, &environment).await?;
    let mut ended = Vec::new();
    for (service, slots) in slots(shared, &environment) {
        let instances: Vec<InstanceId> = slots
            .iter()
            .flat_map(|slot| slot.instances.iter().map(|i| i.id.clone()))
            .collect();
        stop(shared, service.as_str(), &instances).await?;
        let runs = slots.iter().any(|slot| slot.spec.command.is_none());
        if runs && !instances.is_empty() {
            ended.push(service.clone());
            note_ended(shared, &environment, &ended, by).await?;
        }
    }
    if let Some(holder) = &environment.lock {
        end_holder(shared, holder, by).await?;
    }
    // Last, what no slot names any more: a deployment that was given up leaves such.
    let traced = traced(shared, &environment).await;
    stop(shared, "what is left", &traced).await?;
    let mut now = shared.environment(&environment.app, &environment.environment);
    now.lock = None;
    let at_us = shared.border.clock.calendar_us();
    for state in now.services.values_mut() {
        state.take_down(by, at_us);
    }
    if !ended.is_empty() {
        now.revision = now.revision.saturating_add(1);
    }
    tracing::info!("{}/{} taken down by {by}", now.app, now.environment);
    let place = (now.app.clone(), now.environment.clone());
    shared.queues.dismiss(&place, by);
    write_down(shared, now, &ended).await?;
    Ok(ended)
}

/// Who ended production is known also once something runs there again.
async fn note_down(
    shared: &Shared,
    (app, environment): (AppName, EnvironmentName),
    (services, was_stuck): (&[ServiceName], Option<&DeploymentId>),
    by: &Signed,
) {
    if services.is_empty() && was_stuck.is_none() {
        return;
    }
    let what = Happened::TakenDown {
        app,
        environment,
        services: services.to_vec(),
        stuck: was_stuck.cloned(),
        by: by.by.clone(),
        why: by.why.clone(),
    };
    let now = shared.border.clock.calendar_us();
    // At once: after the last one the controller ends.
    if !chronicle::note_at_once(shared, &Happening::once(now, None, what)).await {
        tracing::warn!("that {} took it down can't be noted", by.by);
    }
}

/// The last of those that ended is gone: it is written down at once. Should the rest not go, nobody starts it
/// again.
async fn note_ended(
    shared: &Rc<Shared>,
    environment: &Environment,
    ended: &[ServiceName],
    by: &str,
) -> Result<(), Problem> {
    let mut now = shared.environment(&environment.app, &environment.environment);
    let Some(state) = ended.last().and_then(|last| now.services.get_mut(last)) else {
        return Ok(());
    };
    if state.slots().next().is_none() {
        return Ok(());
    }
    state.take_down(by, shared.border.clock.calendar_us());
    write_down(shared, now, ended).await
}

/// Writes what is left of the environment. What has ended has ended, written or not: it is known here all the
/// same, so that the next deployment starts it and the next `down` writes it.
async fn write_down(
    shared: &Rc<Shared>,
    now: Environment,
    ended: &[ServiceName],
) -> Result<(), Problem> {
    let written = shared.border.store.put_environment(&now).await;
    shared.put_environment(now);
    written.map_err(|error| taken_down::unwritten(ended, &error))
}

async fn stop(shared: &Rc<Shared>, what: &str, instances: &[InstanceId]) -> Result<(), Problem> {
    let stops = instances.iter().map(|id| async move {
        shared.keeper.let_go(id).await;
        shared.border.target.stop(id).await
    });
    for result in futures_util::future::join_all(stops).await {
        result.map_err(|error| taken_down::not_down(what, &error))?;
    }
    Ok(())
}

/// Ends the deployment that holds the lock: a stuck one, or one whose journal is damaged, so that
/// only what was allotted to it tells what it may have started.
async fn end_holder(shared: &Rc<Shared>, holder: &DeploymentId, by: &str) -> Result<(), Problem> {
    let found = shared.border.store.deployment(holder).await;
    let found = found.map_err(|e| problems::store(&e))?;
    let allotted = found.and_then(|open| retention::traces(&open.deployment.opening));
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

/// What ran or still runs of an environment, by its traces: of one that has ended, its keeper may be left.
async fn traced(shared: &Rc<Shared>, environment: &Environment) -> Vec<InstanceId> {
    let traces = match shared.border.target.traces().await {
        Ok(traces) => traces,
        Err(error) => {
            tracing::warn!("what still runs can't be seen: {}", error.chain());
            return Vec::new();
        }
    };
    let ours =
        |key: &ServiceKey| key.app == environment.app && key.environment == environment.environment;
    let of_it = traces.into_iter().filter(|trace| ours(&trace.service));
    of_it.map(|trace| trace.instance.id).collect()
}

/// Takes everything of the environment off the router.
async fn unroute(shared: &Rc<Shared>, environment: &Environment) -> Result<(), Problem> {
    let Err(error) = untie(shared, environment).await else {
        return Ok(());
    };
    let pid = shared.border.router.process().await;
    Err(taken_down::not_unrouted(environment, pid, &error))
}

async fn untie(shared: &Rc<Shared>, environment: &Environment) -> Result<(), EdgeError> {
    let router = &shared.border.router;
    let observed = router.observe().await?;
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
    if !changes.is_empty() {
        router.apply(changes.into()).await?;
    }
    Ok(())
}

/// Consumers first: nobody loses what it needs while it still runs.
fn slots(shared: &Rc<Shared>, environment: &Environment) -> Vec<(ServiceName, Vec<Slot>)> {
    let mut left: BTreeMap<ServiceName, Vec<Slot>> = environment
        .services
        .iter()
        .map(|(service, state)| (service.clone(), state.slots().cloned().collect()))
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
