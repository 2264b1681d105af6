//! After a start: read the journal, go on with what was open, put missing routes back.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_control::{Direction, ObservedTable, RouteChange};
use windlass_edge::{EdgeError, OpenDeployment};
use windlass_engine::deployment::{Deployment, Event, step};
use windlass_model::{
    Environment, InstanceId, Percent, Route, RouteMode, RouteSlot, ServiceKey, ServiceState, Slot,
};

use crate::controller::Shared;
use crate::drive::{Begin, Input, drive};
use crate::opening::Opened;
use crate::perform;

/// Who stops a deployment whose way back went ahead of its rows.
const GONE_BACK: &str = "windlass: the way back was begun while the journal could not be written";

/// Rebuilds what the journal says and goes on from there. Missing or damaged history starts nothing.
pub(crate) async fn recover(shared: &Rc<Shared>) -> Result<(), EdgeError> {
    for environment in shared.border.store.environments().await? {
        shared.put_environment(environment);
    }
    let open = shared.border.store.open_deployments().await?;
    let in_effect = shared.border.router.observe().await.ok();
    for open in open {
        let id = open.deployment.id.clone();
        match replay(&open) {
            Ok(begin) => {
                let back = has_gone_back(&begin.deployment, in_effect.as_ref());
                let driven = drive(shared, begin);
                shared.running.borrow_mut().insert(id, driven.clone());
                if back {
                    let by = GONE_BACK.to_owned();
                    let abort = Event::AbortRequested { by };
                    driven.inbox.send(Input::Event(abort)).await;
                }
            }
            Err(why) => {
                tracing::error!("deployment {id} is left alone: {why}");
                shared.poisoned.borrow_mut().insert(id, why);
            }
        }
    }
    restore_routes(shared).await;
    keep_running(shared);
    Ok(())
}

/// What is stable or stands by is started again when it ends: whoever promoted it may have died
/// before telling it so.
fn keep_running(shared: &Rc<Shared>) {
    let instances: Vec<InstanceId> = {
        let environments = shared.environments.borrow();
        let states = environments.values().flat_map(|e| e.services.values());
        let slots = states.flat_map(|state| state.stable.iter().chain(&state.standby));
        slots
            .flat_map(|slot| slot.instances.iter().map(|i| i.id.clone()))
            .collect()
    };
    let border = shared.border.clone();
    shared.border.spawner.spawn(Box::pin(async move {
        for instance in &instances {
            perform::keep(&border, instance).await;
        }
    }));
}

/// Whether the router took any of its services back ahead of their rows.
fn has_gone_back(deployment: &Deployment, in_effect: Option<&ObservedTable>) -> bool {
    let plan = &deployment.plan;
    let mut parts = deployment.rollouts.iter();
    parts.any(|(service, rollout)| {
        let key = ServiceKey {
            app: plan.app.clone(),
            environment: plan.environment.clone(),
            service: service.clone(),
        };
        in_effect.is_some_and(|table| {
            let entry = table.services.get(&key);
            rollout.has_gone_back(entry.map(|entry| &entry.route))
        })
    })
}

/// The state of a deployment after its rows.
pub(crate) fn rebuild(open: &OpenDeployment) -> Result<(Deployment, Environment), String> {
    let Opened { opening, base } = serde_json::from_str(&open.deployment.opening)
        .map_err(|error| format!("its opening can't be read: {error}"))?;
    let stored = &open.deployment;
    let mut deployment = Deployment::open(stored.id.clone(), stored.plan.clone(), &opening);
    for entry in &open.entries {
        let event: Event = serde_json::from_str(&entry.event)
            .map_err(|error| format!("row {} can't be read: {error}", entry.number))?;
        deployment = step(deployment, &event).deployment;
    }
    Ok((deployment, base))
}

fn replay(open: &OpenDeployment) -> Result<Begin, String> {
    if let Some(why) = &open.poisoned {
        return Err(why.clone());
    }
    let (deployment, base) = rebuild(open)?;
    let last = open.entries.last();
    Ok(Begin {
        deployment,
        base,
        number: last.map_or(0, |entry| entry.number + 1),
        sequence: last.map_or(0, |entry| entry.sequence),
    })
}

/// Routes of settled services that the router does not know any more are put back; those of a
/// running deployment are its own.
async fn restore_routes(shared: &Rc<Shared>) {
    let observed = match shared.border.router.observe().await {
        Ok(observed) => observed,
        Err(error) => return tracing::error!("the router can't be asked: {}", error.chain()),
    };
    // What its table names is taken, whatever the journal says.
    let named = observed
        .services
        .values()
        .flat_map(|entry| &entry.route.slots);
    shared.note_routed(named.flat_map(|slot| slot.instances.iter().map(|i| i.address)));
    let mut missing = BTreeMap::new();
    for ((app, name), environment) in &*shared.environments.borrow() {
        if environment.lock.is_some() {
            continue;
        }
        for (service, state) in &environment.services {
            let key = ServiceKey {
                app: app.clone(),
                environment: name.clone(),
                service: service.clone(),
            };
            if let Some(route) =
                settled_route(state).filter(|_| !observed.services.contains_key(&key))
            {
                let decided_on = windlass_control::Generation::default();
                let route = Some(route);
                let direction = Direction::Return;
                missing.insert(
                    key,
                    RouteChange {
                        direction,
                        decided_on,
                        route,
                    },
                );
            }
        }
    }
    if missing.is_empty() {
        return;
    }
    if let Err(error) = shared.border.router.apply(missing).await {
        tracing::error!("routes could not be put back: {}", error.chain());
    }
}

fn settled_route(state: &ServiceState) -> Option<Route> {
    let stable = state.stable.as_ref()?;
    let listen = stable.spec.listen?;
    let slot = |slot: &Slot, weight| RouteSlot {
        slot: slot.id,
        label: slot.label,
        version: slot.release.version.clone(),
        weight,
        instances: slot.instances.clone(),
        probe: slot.spec.ready.clone(),
    };
    let mut slots: Vec<RouteSlot> = state
        .standby
        .iter()
        .map(|standby| slot(standby, Percent::ZERO))
        .collect();
    slots.push(slot(stable, Percent::FULL));
    Some(Route {
        listeners: vec![listen],
        mode: RouteMode::Serve,
        slots,
    })
}
