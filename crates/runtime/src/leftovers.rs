//! What ended deployments have left: tripwires that nobody answers for, splits that nobody decided,
//! instances that nobody needs.
//!
//! An abandoned deployment is let go of as it is. The next controller, and the end of the next
//! deployment, put right what is safe to put right, where no deployment holds the lock: what is stable
//! gets all requests if it answers, and what ran for an ended deployment, is in no slot and gets no
//! requests is ended. What a command runs is nobody's to end.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use windlass_control::{Direction, ObservedTable, RouteChange, Tripwire};
use windlass_edge::{EdgeError, InstanceTrace, StoredDeployment};
use windlass_engine::deployment::Deployment;
use windlass_model::{
    AppName, DeploymentState, Environment, EnvironmentName, InstanceId, Millis, Outcome, Percent,
    Route, RouteSlot, ServiceKey, ServiceName, ServiceState, Slot, SlotId,
};

use crate::confirm::disarming;
use crate::controller::Shared;
use crate::recover::settled_route;
use crate::retention::{DEPLOYMENTS_KEPT, traces};
use crate::routes::{armed_by, generation};
use crate::{drain, opening};

/// Looks before what can't be put right is left to a person.
const LOOKS: u32 = 12;

/// Time between two of them: what is stable may have to be started again first.
const LOOK_AGAIN: Millis = Millis::from_secs(5);

/// What follows of the end of a deployment, in the background.
pub(crate) fn after(shared: &Rc<Shared>, deployment: &Deployment) {
    if deployment.state() != DeploymentState::Ended(Outcome::Abandoned) {
        return tidy(shared);
    }
    let plan = &deployment.plan;
    let service_key = |service: &ServiceName| ServiceKey {
        app: plan.app.clone(),
        environment: plan.environment.clone(),
        service: service.clone(),
    };
    let services: Vec<ServiceKey> = plan.rollouts.keys().map(service_key).collect();
    let shared_too = Rc::clone(shared);
    shared.border.spawner.spawn(Box::pin(async move {
        // What it was just doing may arm one more.
        for service in services {
            let spawner = &*shared_too.border.spawner;
            shared_too.lanes.over(spawner, service).await;
        }
        let disarmed = async || disarm(&shared_too).await.map(|()| true);
        repeat(&shared_too, disarmed).await;
    }));
}

/// Puts right what can be, in the background.
pub(crate) fn tidy(shared: &Rc<Shared>) {
    let shared_too = Rc::clone(shared);
    shared.border.spawner.spawn(Box::pin(async move {
        let put_right = async || {
            disarm(&shared_too).await?;
            look(&shared_too).await
        };
        repeat(&shared_too, put_right).await;
    }));
}

/// Looks until nothing is left to put right.
async fn repeat(shared: &Shared, look: impl AsyncFn() -> Result<bool, EdgeError>) {
    for _look in 0..LOOKS {
        match look().await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => tracing::warn!("what was left is not put right yet: {}", error.chain()),
        }
        if shared.ending.get() {
            return;
        }
        shared.border.clock.sleep(LOOK_AGAIN).await;
    }
    tracing::error!("what ended deployments have left is not put right: see windlass doctor");
}

/// Takes away tripwires whose deployment has ended: they would go back to what others have replaced.
async fn disarm(shared: &Shared) -> Result<(), EdgeError> {
    let router = &shared.border.router;
    let observed = router.observe().await?;
    let dead = dead(shared, &observed);
    if !dead.is_empty() {
        // Where a generation moved meanwhile it is refused.
        router.apply(disarming(&observed, &dead)).await?;
    }
    Ok(())
}

fn dead(shared: &Shared, observed: &ObservedTable) -> BTreeMap<ServiceKey, Tripwire> {
    let (running, poisoned) = (shared.running.borrow(), shared.poisoned.borrow());
    let all = observed.services.iter();
    all.filter_map(|(key, entry)| {
        let wire = entry.tripwire.clone()?;
        let id = armed_by(&wire.id)?;
        let lives = running.contains_key(&id) || poisoned.contains_key(&id);
        (!lives).then(|| (key.clone(), wire))
    })
    .collect()
}

/// One look; whether nothing is left that a later one could put right.
async fn look(shared: &Rc<Shared>) -> Result<bool, EdgeError> {
    let unsettled = mend(shared).await?;
    let mut leftovers = unneeded(shared).await?;
    // What still serves there may need it.
    leftovers.retain(|trace| !unsettled.contains(&place(&trace.service)));
    if leftovers.is_empty() {
        return Ok(unsettled.is_empty());
    }
    for trace in &leftovers {
        drain::drained(shared, &trace.service, (trace.slot, trace.spec.drain)).await;
        let id = &trace.instance.id;
        tracing::warn!("{id} of {} is ended: no slot has it", trace.service);
        shared.border.target.stop(id).await?;
    }
    forget(shared).await?;
    Ok(unsettled.is_empty())
}

type Place = (AppName, EnvironmentName);

fn place(of: &ServiceKey) -> Place {
    (of.app.clone(), of.environment.clone())
}

/// Environments that no deployment is changing.
fn at_rest(shared: &Shared) -> Vec<Environment> {
    let environments = shared.environments.borrow();
    let at_rest = environments.values().filter(|it| it.lock.is_none());
    at_rest.cloned().collect()
}

/// Their services. What was adopted is not among them: what runs beside it was left to a person.
fn states(environments: &[Environment]) -> impl Iterator<Item = (ServiceKey, &ServiceState)> {
    environments.iter().flat_map(|environment| {
        let known = environment.services.iter();
        known
            .filter(|(_, state)| !state.adopted)
            .map(|(service, state)| {
                let key = ServiceKey {
                    app: environment.app.clone(),
                    environment: environment.environment.clone(),
                    service: service.clone(),
                };
                (key, state)
            })
    })
}

/// What is stable and has not all the requests: its service, the slot, and the route that gives it all.
fn unserved<'e>(
    environments: &'e [Environment],
    observed: &ObservedTable,
) -> Vec<(ServiceKey, &'e Slot, Route)> {
    let all = states(environments).filter_map(|(key, state)| {
        let (route, stable) = settled_route(state).zip(state.stable.as_ref())?;
        let entry = observed.services.get(&key)?;
        let has_all = entry.route.weight(stable.id) == Percent::FULL;
        (!has_all).then(|| (key, stable, beside(route, &entry.route)))
    });
    all.collect()
}

/// Which of them answer. Asked before anything is held: a silent one takes its time.
async fn answering(shared: &Rc<Shared>) -> Result<BTreeSet<(ServiceKey, SlotId)>, EdgeError> {
    let observed = shared.border.router.observe().await?;
    let environments = at_rest(shared);
    let mut answering = BTreeSet::new();
    for (key, stable, _route) in unserved(&environments, &observed) {
        match opening::any_answers(shared, stable).await {
            Ok(()) => {
                answering.insert((key, stable.id));
            }
            Err(saw) => tracing::warn!("what is stable of {key} does not answer: {saw}"),
        }
    }
    Ok(answering)
}

/// What is stable and has not all the requests gets them, all of an environment in one swap or nothing:
/// what serves beside it may need what serves beside others. The environments that are left as they are.
async fn mend(shared: &Rc<Shared>) -> Result<BTreeSet<Place>, EdgeError> {
    let answering = answering(shared).await?;
    let _nothing_begins_meanwhile = shared.changing.lock().await;
    let observed = shared.border.router.observe().await?;
    let environments = at_rest(shared);
    let unserved = unserved(&environments, &observed);
    let silent = unserved
        .iter()
        .filter(|(key, stable, _)| !answering.contains(&(key.clone(), stable.id)));
    let unsettled: BTreeSet<Place> = silent.map(|(key, _, _)| place(key)).collect();
    let mut routes = BTreeMap::new();
    for (key, _stable, route) in unserved {
        if !unsettled.contains(&place(&key)) {
            tracing::warn!(
                "{key} gets back to what is stable: nobody has decided on another split"
            );
            routes.insert(key, route);
        }
    }
    go_to(shared, &observed, routes).await?;
    Ok(unsettled)
}

/// `settled`, and what else is in effect at weight 0: it drains.
fn beside(mut settled: Route, in_effect: &Route) -> Route {
    let known: BTreeSet<_> = settled.slots.iter().map(|slot| slot.slot).collect();
    let others = in_effect
        .slots
        .iter()
        .filter(|it| !known.contains(&it.slot));
    let others: Vec<RouteSlot> = others
        .map(|slot| RouteSlot {
            weight: Percent::ZERO,
            ..slot.clone()
        })
        .collect();
    settled.slots.extend(others);
    settled
}

/// The table forgets what was ended.
async fn forget(shared: &Rc<Shared>) -> Result<(), EdgeError> {
    let _nothing_begins_meanwhile = shared.changing.lock().await;
    let observed = shared.border.router.observe().await?;
    let environments = at_rest(shared);
    let mut routes = BTreeMap::new();
    for (key, state) in states(&environments) {
        let settled = settled_route(state).zip(observed.services.get(&key));
        let Some((settled, entry)) = settled else {
            continue;
        };
        let named = |slot: &RouteSlot| settled.slots.iter().any(|it| it.slot == slot.slot);
        let is_settled = state
            .stable
            .as_ref()
            .is_some_and(|stable| entry.route.weight(stable.id) == Percent::FULL);
        if is_settled && !entry.route.slots.iter().all(named) {
            routes.insert(key, settled);
        }
    }
    go_to(shared, &observed, routes).await
}

async fn go_to(
    shared: &Rc<Shared>,
    observed: &ObservedTable,
    routes: BTreeMap<ServiceKey, Route>,
) -> Result<(), EdgeError> {
    if routes.is_empty() {
        return Ok(());
    }
    let changes: BTreeMap<ServiceKey, RouteChange> = routes
        .into_iter()
        .map(|(key, route)| {
            let change = RouteChange {
                direction: Direction::Return,
                decided_on: generation(observed, &key),
                route: Some(route),
            };
            (key, change)
        })
        .collect();
    shared.border.router.apply(changes.into()).await?;
    Ok(())
}

/// What runs for an ended deployment, is in no slot, and gets no requests.
async fn unneeded(shared: &Rc<Shared>) -> Result<Vec<InstanceTrace>, EdgeError> {
    let environments = at_rest(shared);
    let ours = |key: &ServiceKey| {
        let mut all = environments.iter();
        let found = all.find(|it| it.app == key.app && it.environment == key.environment);
        // One that bears another name by now was no service that could be adopted.
        let state = found.map(|it| it.services.get(&key.service));
        state.is_some_and(|state| state.is_none_or(|state| !state.adopted))
    };
    let slots = shared.slots();
    let needed: BTreeSet<&InstanceId> = slots
        .iter()
        .flat_map(|slot| slot.instances.iter().map(|i| &i.id))
        .collect();
    let mut left = shared.border.target.traces().await?;
    left.retain(|trace| {
        let is_command = trace.spec.command.is_some();
        trace.runs && !is_command && ours(&trace.service) && !needed.contains(&trace.instance.id)
    });
    if left.is_empty() {
        return Ok(left);
    }
    let known = shared.border.store.deployments(DEPLOYMENTS_KEPT).await?;
    let observed = shared.border.router.observe().await?;
    left.retain(|trace| is_of_ended(&known, trace) && !serves(&observed, trace));
    Ok(left)
}

/// Whether the journal knows it as one that an ended deployment was to start.
fn is_of_ended(known: &[StoredDeployment], trace: &InstanceTrace) -> bool {
    let mut ended = known.iter().filter(|stored| {
        let (plan, key) = (&stored.plan, &trace.service);
        stored.ended_us.is_some() && plan.app == key.app && plan.environment == key.environment
    });
    ended.any(|stored| {
        traces(&stored.opening).is_some_and(|begun| begun.contains(&trace.instance.id))
    })
}

fn serves(observed: &ObservedTable, trace: &InstanceTrace) -> bool {
    let entries = observed.services.values();
    let mut slots = entries.flat_map(|entry| &entry.route.slots);
    slots.any(|slot| {
        let mut instances = slot.instances.iter();
        slot.weight > Percent::ZERO
            && instances.any(|i| i.id == trace.instance.id || i.address == trace.instance.address)
    })
}
