//! What runs now: the journal's word beside what router and target say.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_api::{EnvironmentView, InstanceView, ServiceView, SlotView};
use windlass_control::{ObservedRoute, ObservedTable};
use windlass_edge::{InstanceState, Target};
use windlass_model::{Environment, Instance, InstanceEnd, ServiceKey, ServiceState, Slot};

use crate::controller::Shared;

/// Every environment in which something runs or ran.
pub(crate) async fn status(shared: &Rc<Shared>) -> Vec<EnvironmentView> {
    let observed = shared.border.router.observe().await.ok();
    let environments: Vec<Environment> = shared.environments.borrow().values().cloned().collect();
    let mut views = Vec::new();
    for environment in environments {
        views.push(one(shared, &environment, observed.as_ref()).await);
    }
    views
}

async fn one(
    shared: &Rc<Shared>,
    environment: &Environment,
    observed: Option<&ObservedTable>,
) -> EnvironmentView {
    let candidates = candidates(shared, environment);
    let mut services = BTreeMap::new();
    for (service, state) in &environment.services {
        let key = ServiceKey {
            app: environment.app.clone(),
            environment: environment.environment.clone(),
            service: service.clone(),
        };
        let entry = observed.and_then(|table| table.services.get(&key));
        let seen = Seen {
            entry,
            router: observed.is_some(),
        };
        let candidate = candidates.get(service);
        services.insert(service.clone(), view(shared, state, candidate, &seen).await);
    }
    EnvironmentView {
        app: environment.app.clone(),
        environment: environment.environment.clone(),
        revision: environment.revision,
        folder: environment.folder.clone(),
        deployment: environment.lock.clone(),
        services,
    }
}

fn candidates(
    shared: &Rc<Shared>,
    environment: &Environment,
) -> BTreeMap<windlass_model::ServiceName, Slot> {
    let running = shared.running.borrow();
    let Some(driven) = environment.lock.as_ref().and_then(|id| running.get(id)) else {
        return BTreeMap::new();
    };
    let now = driven.now.borrow();
    let open = now
        .rollouts
        .iter()
        .filter(|(_, r)| !r.is_promoted() && !r.health.started.is_empty());
    open.map(|(service, rollout)| (service.clone(), rollout.candidate.clone()))
        .collect()
}

/// What the router said of one service.
struct Seen<'a> {
    entry: Option<&'a ObservedRoute>,
    router: bool,
}

async fn view(
    shared: &Rc<Shared>,
    state: &ServiceState,
    candidate: Option<&Slot>,
    seen: &Seen<'_>,
) -> ServiceView {
    let listen = match seen.entry {
        Some(entry) => entry.route.listeners.clone(),
        None => state
            .stable
            .iter()
            .filter_map(|slot| slot.spec.listen)
            .collect(),
    };
    let candidate = candidate.filter(|slot| state.stable.as_ref().is_none_or(|s| s.id != slot.id));
    ServiceView {
        listen,
        stable: slot_view(shared, state.stable.as_ref(), seen).await,
        candidate: slot_view(shared, candidate, seen).await,
        standby: slot_view(shared, state.standby.as_ref(), seen).await,
    }
}

async fn slot_view(shared: &Rc<Shared>, slot: Option<&Slot>, seen: &Seen<'_>) -> Option<SlotView> {
    let slot = slot?;
    let mut instances = Vec::new();
    for instance in &slot.instances {
        instances.push(instance_view(&*shared.border.target, instance).await);
    }
    let routed = slot.spec.listen.is_some() && seen.router;
    let weight = seen
        .entry
        .map(|entry| entry.route.weight(slot.id))
        .unwrap_or_default();
    let open = seen
        .entry
        .and_then(|entry| entry.slots.get(&slot.id))
        .map_or(0, |s| s.in_flight);
    Some(SlotView {
        slot: slot.id,
        label: slot.label,
        version: slot.release.version.clone(),
        weight: routed.then_some(weight),
        in_flight: routed.then_some(open),
        instances,
    })
}

async fn instance_view(target: &dyn Target, instance: &Instance) -> InstanceView {
    let (state, restarts) = match target.observe(instance).await {
        Ok(InstanceState::Running {
            listening: true,
            restarts,
        }) => ("running".to_owned(), restarts),
        Ok(InstanceState::Running {
            listening: false,
            restarts,
        }) => ("not listening".to_owned(), restarts),
        Ok(InstanceState::Ended(end)) => (ended(&end), 0),
        Ok(InstanceState::Absent) => ("absent".to_owned(), 0),
        Err(_) => ("unknown".to_owned(), 0),
    };
    InstanceView {
        id: instance.id.clone(),
        address: instance.address,
        state,
        restarts,
    }
}

fn ended(end: &InstanceEnd) -> String {
    match end {
        InstanceEnd::Exited(status) => format!("exited {status}"),
        InstanceEnd::Killed(signal) => format!("killed {signal}"),
        InstanceEnd::NotStarted(_) => "not started".to_owned(),
        InstanceEnd::NeverReady(_) | InstanceEnd::Unready(_) | InstanceEnd::Unknown => {
            "ended".to_owned()
        }
    }
}
