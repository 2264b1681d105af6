//! After a start: read the journal, go on with what was open, put missing routes back.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use windlass_control::{Direction, Generation, ObservedTable, RouteChange, Trip};
use windlass_edge::{EdgeError, ErrorKind, OpenDeployment};
use windlass_engine::deployment::{Deployment, Event, step};
use windlass_engine::rollout::{Begun, Phase, Rollout};
use windlass_model::{
    DeploymentId, DeploymentState, Environment, Millis, Percent, PlanKind, Route, RouteMode,
    RouteSlot, ServiceKey, ServiceName, ServiceState, Slot,
};

use crate::because::First;
use crate::controller::Shared;
use crate::drive::{Begin, Input, drive};
use crate::opening::Opened;
use crate::routes::armed_by;
use crate::unseen::Since;
use crate::{because, hearing, holder, keeper, leftovers};

/// Who stops a deployment whose way back went ahead of its rows.
const GONE_BACK: &str = "windlass: the way back was begun while the journal could not be written";

/// Who stops a deployment whose candidates had traffic, and have none: what was seen of them so far
/// is not what its rows say.
const TABLE_LOST: &str = "windlass: the router had lost its table";

/// Who stops a deployment that was open in the backup that was restored: of what it had begun nothing came with it.
const RESTORED: &str = "windlass: it was open when the restored backup was made";

/// Time before a router that does not answer after all is asked again.
const ASK_AGAIN: Millis = Millis::from_secs(1);

/// Rebuilds what the journal says and goes on from there. Missing or damaged history starts nothing.
pub(crate) async fn recover(shared: &Rc<Shared>) -> Result<(), EdgeError> {
    for environment in shared.border.store.environments().await? {
        shared.put_environment(environment);
    }
    let open = shared.border.store.open_deployments().await?;
    let in_effect = shared.border.router.observe().await.ok();
    let mut begins = BTreeMap::new();
    for open in open {
        let id = open.deployment.id.clone();
        match replay(&open, shared.border.clock.calendar_us()) {
            Ok(_) if !holds_its_lock(shared, &open) => {
                tracing::error!("deployment {id} was given up: its environment is not its own");
            }
            Ok(begin) => {
                begins.insert(id, begin);
            }
            Err(why) => leave_alone(shared, &open, why),
        }
    }
    // Before anything goes on: a route that is put back later would undo what was moved since.
    let open = begins.iter();
    let open: BTreeMap<DeploymentId, Deployment> = open
        .map(|(id, begin)| (id.clone(), begin.deployment.clone()))
        .collect();
    if let Some(in_effect) = &in_effect {
        if let Err(error) = restore_routes(shared, &open, in_effect).await {
            tracing::error!("routes could not be put back: {}", error.chain());
        }
    } else {
        tracing::error!("the router can't be asked: no route is put back");
    }
    for (id, begin) in begins {
        let why =
            restored(shared, &begin).or_else(|| why_back(&begin.deployment, in_effect.as_ref()));
        let driven = drive(shared, begin);
        shared.running.borrow_mut().insert(id, driven.clone());
        let heard = hearing::again(Rc::clone(shared), driven.clone());
        shared.border.spawner.spawn(Box::pin(heard));
        if let Some(why) = why {
            let by = why.to_owned();
            let abort = Event::AbortRequested { by };
            driven.inbox.send(Input::Event(abort)).await;
        }
    }
    keeper::follow(shared);
    let looks_after = look_after_routes(Rc::clone(shared));
    shared.border.spawner.spawn(Box::pin(looks_after));
    leftovers::tidy(shared);
    Ok(())
}

/// A router that comes back while its controller lives has the table that it kept; if that was lost, it
/// is told again what it was told before, as at a start.
async fn look_after_routes(shared: Rc<Shared>) {
    loop {
        shared.border.router.came_back().await;
        while let Err(error) = put_back(&shared).await {
            tracing::error!("routes could not be put back: {}", error.chain());
            // A newer controller has the router: that one puts them back.
            if error.kind == ErrorKind::Refused {
                break;
            }
            shared.border.clock.sleep(ASK_AGAIN).await;
        }
    }
}

async fn put_back(shared: &Rc<Shared>) -> Result<(), EdgeError> {
    let in_effect = shared.border.router.observe().await?;
    let running = shared.running.borrow().clone();
    let now = running.iter();
    let open = now.map(|(id, driven)| (id.clone(), driven.now.borrow().clone()));
    let open = open.collect();
    restore_routes(shared, &open, &in_effect).await?;
    for (id, driven) in &running {
        let deployment = open.get(id);
        let lost = deployment.is_some_and(|deployment| has_lost(deployment, &in_effect));
        if lost {
            let by = TABLE_LOST.to_owned();
            let abort = Event::AbortRequested { by };
            driven.inbox.send(Input::Event(abort)).await;
        }
    }
    Ok(())
}

/// Whether the router knows nothing of a service to whose candidate requests should go.
fn has_lost(deployment: &Deployment, in_effect: &ObservedTable) -> bool {
    let plan = &deployment.plan;
    let mut rollouts = deployment.rollouts.iter();
    rollouts.any(|(service, rollout)| {
        let key = ServiceKey {
            app: plan.app.clone(),
            environment: plan.environment.clone(),
            service: service.clone(),
        };
        has_share(rollout) && !in_effect.services.contains_key(&key)
    })
}

fn leave_alone(shared: &Rc<Shared>, open: &OpenDeployment, why: String) {
    let id = open.deployment.id.clone();
    tracing::error!("deployment {id} is left alone: {why}");
    let plan = &open.deployment.plan;
    let touched: BTreeSet<ServiceName> = plan.rollouts.keys().cloned().collect();
    // One whose plan can't be read either may have been changing anything.
    if !touched.is_empty() {
        shared.keeper.doubt(&id, touched);
    }
    shared.poisoned.borrow_mut().insert(id, why);
}

/// Whether nobody has taken the environment from an open deployment: what was adopted since belongs
/// to none.
fn holds_its_lock(shared: &Rc<Shared>, open: &OpenDeployment) -> bool {
    let plan = &open.deployment.plan;
    let environment = shared.environment(&plan.app, &plan.environment);
    environment.lock.as_ref() == Some(&open.deployment.id)
}

/// Whether the journal is a backup's, and the deployment was open in it. What is past its commit point, or goes
/// back already, only goes on with that.
fn restored(shared: &Shared, begin: &Begin) -> Option<&'static str> {
    let made_us = shared.border.restored_us?;
    let deployment = &begin.deployment;
    let is_under_way = matches!(
        deployment.state(),
        DeploymentState::Running | DeploymentState::Held
    );
    // There is nothing to go back to from a way back.
    let can_go_back = deployment.plan.kind != PlanKind::Rollback;
    (begin.started_us <= made_us && is_under_way && can_go_back).then_some(RESTORED)
}

/// Why a deployment can't go on where its rows end.
fn why_back(deployment: &Deployment, in_effect: Option<&ObservedTable>) -> Option<&'static str> {
    let table = in_effect?;
    let of_it = |trip: &&Trip| armed_by(&trip.id).as_ref() == Some(&deployment.id);
    if table
        .trips
        .iter()
        .filter(of_it)
        .any(|trip| trip.withheld.is_none())
    {
        // The router took it back; it is told so with its evidence.
        return None;
    }
    let plan = &deployment.plan;
    let mut why = None;
    for (service, rollout) in &deployment.rollouts {
        let key = ServiceKey {
            app: plan.app.clone(),
            environment: plan.environment.clone(),
            service: service.clone(),
        };
        let route = table.services.get(&key).map(|entry| &entry.route);
        if rollout.has_gone_back(route) {
            return Some(GONE_BACK);
        }
        if route.is_none() && has_share(rollout) {
            why = Some(TABLE_LOST);
        }
    }
    why
}

/// Whether requests go to its candidate, by its rows.
fn has_share(rollout: &Rollout) -> bool {
    let forward = match rollout.phase {
        Phase::Holding | Phase::Shifting { .. } | Phase::Baking { .. } | Phase::Passed => true,
        Phase::Waiting
        | Phase::Clearing(_)
        | Phase::StoppingOld(_)
        | Phase::Starting { .. }
        | Phase::Settling(_)
        | Phase::Done
        | Phase::Returning(_)
        | Phase::Returned
        | Phase::Stuck(_) => false,
    };
    forward && rollout.weight > Percent::ZERO && rollout.plan.spec.listen.is_some()
}

/// The state of a deployment after its rows.
pub(crate) fn rebuild(open: &OpenDeployment) -> Result<(Deployment, Environment), String> {
    let (deployment, base, _) = replayed(open)?;
    Ok((deployment, base))
}

/// The same, with since when each of its scripts runs.
fn replayed(open: &OpenDeployment) -> Result<(Deployment, Environment, Since), String> {
    let Opened { opening, base } = serde_json::from_str(&open.deployment.opening)
        .map_err(|error| format!("its opening can't be read: {error}"))?;
    let stored = &open.deployment;
    let mut since = Since::default();
    let mut deployment = Deployment::open(stored.id.clone(), stored.plan.clone(), &opening);
    for entry in &open.entries {
        let event: Event = serde_json::from_str(&entry.event)
            .map_err(|error| format!("row {} can't be read: {error}", entry.number))?;
        deployment = step(deployment, &event).deployment;
        since.note(&deployment, entry.at_us);
    }
    Ok((deployment, base, since))
}

fn replay(open: &OpenDeployment, now_us: i64) -> Result<Begin, String> {
    if let Some(why) = &open.poisoned {
        return Err(why.clone());
    }
    let (deployment, base, since) = replayed(open)?;
    let last = open.entries.last();
    Ok(Begin {
        deployment,
        base,
        number: last.map_or(0, |entry| entry.number + 1),
        sequence: last.map_or(0, |entry| entry.sequence),
        by: open.deployment.by.clone(),
        started_us: open.deployment.started_us,
        holder: holder::Holder::last(&open.entries),
        first: First::default(),
        unseen: since.until(now_us),
        beside: because::Beside::of(&open.entries),
    })
}

/// Routes that the router does not know any more are put back as the journal says: what is stable
/// has all of it. What a running deployment has moved beyond that, it moves again or takes back.
async fn restore_routes(
    shared: &Rc<Shared>,
    open: &BTreeMap<DeploymentId, Deployment>,
    observed: &ObservedTable,
) -> Result<(), EdgeError> {
    // What its table names is taken, whatever the journal says.
    let named = observed
        .services
        .values()
        .flat_map(|entry| &entry.route.slots);
    shared.note_routed(named.flat_map(|slot| slot.instances.iter().map(|i| i.address)));
    let mut missing = BTreeMap::new();
    for ((app, name), environment) in &*shared.environments.borrow() {
        if shared.keeper.rests(environment) {
            continue;
        }
        for (service, state) in &environment.services {
            let key = ServiceKey {
                app: app.clone(),
                environment: name.clone(),
                service: service.clone(),
            };
            if observed.services.contains_key(&key) || is_closed(open, environment, service) {
                continue;
            }
            // What the router still knows by its old name is renamed, not put back beside it.
            if let Some(route) = settled_route(state).filter(|route| !is_taken(observed, route)) {
                let change = RouteChange {
                    direction: Direction::Return,
                    decided_on: Generation::default(),
                    route: Some(route),
                };
                missing.insert(key, change);
            }
        }
    }
    // Also where nothing is missing: with the first change, one of nothing too, this controller says
    // its epoch, hands over the listeners of the table, and has the router looked after.
    shared.border.router.apply(missing.into()).await.map(|_| ())
}

/// Whether the router gives a listener of `route` to somebody: it would refuse every other route too.
fn is_taken(observed: &ObservedTable, route: &Route) -> bool {
    let known = observed.services.values();
    let mut known = known.flat_map(|entry| &entry.route.listeners);
    known.any(|known| route.listeners.iter().any(|mine| mine.is_same_place(known)))
}

/// Whether a deployment has stopped, or may have stopped, what the journal has as stable.
fn is_closed(
    open: &BTreeMap<DeploymentId, Deployment>,
    environment: &Environment,
    service: &ServiceName,
) -> bool {
    let Some(holder) = &environment.lock else {
        return false;
    };
    let Some(deployment) = open.get(holder) else {
        return true;
    };
    let rollout = deployment.rollouts.get(service);
    rollout.is_some_and(|r| r.has_begun(Begun::StoppingOld) && !r.is_promoted())
}

/// What is stable has all of it, what stands by none; none where nothing listens.
pub(crate) fn settled_route(state: &ServiceState) -> Option<Route> {
    let stable = state.stable.as_ref()?;
    let listen = stable.spec.listen.clone()?;
    let slot = |slot: &Slot, weight| RouteSlot {
        slot: slot.id,
        label: slot.label,
        version: slot.release.version.clone(),
        weight,
        instances: slot.instances.clone(),
        probe: slot.spec.ready.clone(),
        speaks: slot.spec.speaks,
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
        traffic: stable.spec.traffic.clone(),
        thresholds: Vec::new(),
    })
}
