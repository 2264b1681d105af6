//! A journal that is older than what runs: noticing it, and taking over what runs.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use windlass_api::{AdoptAnswer, AdoptedView, LeftView, LostHistoryView, Problem};
use windlass_control::ObservedTable;
use windlass_edge::{EdgeError, InstanceTrace, NewEntry, OpenDeployment};
use windlass_engine::deployment::{Event, step};
use windlass_model::{
    AppName, Environment, EnvironmentName, Epoch, Fact, Happened, Happening, Instance, InstanceId,
    Label, Millis, Outcome, Percent, Promoted, Repair, Route, RouteSlot, ServiceKey, Slot, SlotId,
};

use crate::because::Signed;
use crate::border::Border;
use crate::controller::Shared;
use crate::{perform, problems, recover};

/// Times the router is asked what it has heard before the controller goes by the shims alone.
const HEARD_TRIES: u32 = 5;

/// Pause between two of them.
const HEARD_AGAIN: Millis = Millis::from_millis(200);

/// Whether somebody out there has heard an epoch that this history can't have said. Asked before a
/// word is said to anybody.
///
/// # Errors
/// When shims or store can't be asked.
pub(crate) async fn lost_history(border: &Border) -> Result<Option<LostHistoryView>, EdgeError> {
    let own = border.store.epoch();
    let known = border.store.lost().await?;
    let shims = border.target.heard().await?;
    let heard = known.max(shims).max(heard_of_router(border).await);
    let Some(heard) = heard.filter(|heard| known.is_some() || *heard >= own) else {
        return Ok(None);
    };
    tracing::error!(
        "the journal is older than what runs: it says epoch {own}, and {heard} was heard; nothing \
         is changed until windlass repair --adopt"
    );
    if known != Some(heard) {
        // Each opening raises the epoch: without this one of the next would take itself for whole.
        border.store.note_lost(heard).await?;
    }
    Ok(Some(LostHistoryView {
        own: own.0,
        heard: heard.0,
    }))
}

/// The router refuses an older epoch by itself: one that can't be asked keeps nobody from starting.
async fn heard_of_router(border: &Border) -> Option<Epoch> {
    let mut tries = 0;
    loop {
        match border.router.heard().await {
            Ok(heard) => return heard,
            Err(error) => {
                tries += 1;
                if tries >= HEARD_TRIES || !perform::may_pass(&error) {
                    tracing::warn!("the router does not say what it heard: {}", error.chain());
                    return None;
                }
            }
        }
        border.clock.sleep(HEARD_AGAIN).await;
    }
}

/// What runs, as environments, and what of it belongs to none.
pub(crate) struct Found {
    pub(crate) environments: Vec<Environment>,
    left: Vec<LeftView>,
}

/// Looks at what runs, whatever the journal says.
pub(crate) async fn found(
    shared: &Rc<Shared>,
    observed: &ObservedTable,
) -> Result<Found, EdgeError> {
    let border = &shared.border;
    let mut environments: BTreeMap<(AppName, EnvironmentName), Environment> = BTreeMap::new();
    for mut known in border.store.environments().await? {
        known.lock = None;
        known.revision = known.revision.saturating_add(1);
        for state in known.services.values_mut() {
            state.clear();
        }
        environments.insert((known.app.clone(), known.environment.clone()), known);
    }
    let mut traces: BTreeMap<ServiceKey, Vec<InstanceTrace>> = BTreeMap::new();
    for key in observed.services.keys() {
        traces.entry(key.clone()).or_default();
    }
    for trace in border.target.traces().await? {
        traces.entry(trace.service.clone()).or_default().push(trace);
    }
    let mut left = Vec::new();
    for (key, traces) in traces {
        let route = observed.services.get(&key).map(|entry| &entry.route);
        let stable = stable(route, &traces);
        if stable.is_none() && route.is_some() {
            tracing::warn!("nobody knows how {key} was started: it can't be adopted");
        }
        let place = (key.app.clone(), key.environment.clone());
        let environment = environments.entry(place).or_insert_with(|| Environment {
            revision: 1,
            ..Environment::empty(key.app.clone(), key.environment.clone())
        });
        let state = environment.services.entry(key.service.clone()).or_default();
        let used = traces.iter().map(|trace| trace.slot);
        let routed = route
            .into_iter()
            .flat_map(|r| r.slots.iter().map(|s| s.slot));
        let next = used.chain(routed).max().map(SlotId::next);
        state.next_slot = state.next_slot.max(next.unwrap_or_default());
        left.extend(left_over(route, &traces, stable.as_ref()));
        if let Some(slot) = &stable {
            state.promoted.retain(|known| known.release != slot.release);
            let promoted = Promoted {
                release: slot.release.clone(),
                spec: slot.spec.clone(),
            };
            state.promoted.insert(0, promoted);
            state.rolled_back.remove(&slot.release);
            state.down = None;
        }
        state.stable = stable;
        state.adopted = true;
    }
    Ok(Found {
        environments: environments.into_values().collect(),
        left,
    })
}

/// The slot with the most traffic; without a route, the newest of which something runs. Only with a
/// trace is it known what it runs.
fn stable(route: Option<&Route>, traces: &[InstanceTrace]) -> Option<Slot> {
    let fed = route.and_then(most_traffic);
    let (id, label, instances) = match fed {
        Some(slot) => (slot.slot, slot.label, slot.instances.clone()),
        None => running(route, traces)?,
    };
    let trace = traces.iter().rev().find(|trace| trace.slot == id)?;
    Some(Slot {
        id,
        label,
        release: trace.release.clone(),
        spec: trace.spec.clone(),
        instances,
    })
}

fn most_traffic(route: &Route) -> Option<&RouteSlot> {
    let fed = route.slots.iter().filter(|s| s.weight > Percent::ZERO);
    fed.max_by_key(|slot| (slot.weight, slot.slot))
}

fn running(
    route: Option<&Route>,
    traces: &[InstanceTrace],
) -> Option<(SlotId, Label, Vec<Instance>)> {
    let runs = |trace: &&InstanceTrace| trace.runs;
    let id = traces.iter().filter(runs).map(|trace| trace.slot).max()?;
    let routed = route.and_then(|route| route.slots.iter().find(|slot| slot.slot == id));
    let label = routed.map_or(Label::Blue, |slot| slot.label);
    let of_slot = traces.iter().filter(runs).filter(|t| t.slot == id);
    Some((id, label, of_slot.map(|t| t.instance.clone()).collect()))
}

/// What runs beside the slot that was chosen.
fn left_over(
    route: Option<&Route>,
    traces: &[InstanceTrace],
    stable: Option<&Slot>,
) -> Vec<LeftView> {
    let adopted: BTreeSet<&InstanceId> = stable
        .into_iter()
        .flat_map(|slot| slot.instances.iter().map(|i| &i.id))
        .collect();
    let beside = traces
        .iter()
        .filter(|trace| trace.runs && !adopted.contains(&trace.instance.id));
    beside
        .map(|trace| LeftView {
            service: trace.service.clone(),
            instance: trace.instance.id.clone(),
            version: trace.release.version.clone(),
            weight: route.map_or(Percent::ZERO, |route| route.weight(trace.slot)),
        })
        .collect()
}

/// Writes what runs as stable. The controller ends after it: the next one speaks under an epoch that
/// everybody listens to.
pub(crate) async fn adopt(shared: &Rc<Shared>, by: &Signed) -> Result<AdoptAnswer, Problem> {
    let Some(lost) = shared.lost else {
        return Err(problems::not_lost());
    };
    let observed = shared.border.router.observe().await;
    let observed = observed.map_err(|error| problems::no_router(&error))?;
    let found = found(shared, &observed).await;
    let found = found.map_err(|error| problems::not_adopted(&error))?;
    end_open(shared, by).await?;
    let noted = noted(shared, by);
    let store = &shared.border.store;
    let heard = Epoch(lost.heard);
    let written = store.adopt(&found.environments, heard, &noted).await;
    written.map_err(|error| problems::store(&error))?;
    tracing::info!("what runs was adopted by {}", by.by);
    let adopted = found.environments.into_iter().map(|environment| {
        let services = environment.services.into_iter();
        AdoptedView {
            app: environment.app,
            environment: environment.environment,
            services: services
                .filter(|(_, state)| state.stable.is_some())
                .map(|(service, _)| service)
                .collect(),
        }
    });
    Ok(AdoptAnswer {
        environments: adopted.filter(|view| !view.services.is_empty()).collect(),
        epoch: lost.heard,
        left: found.left,
    })
}

/// Who took over what runs is known also once something else does. It is written with it: this controller writes
/// nothing once another epoch is in force, and nothing is noted that was not done.
fn noted(shared: &Shared, by: &Signed) -> Happening {
    let Signed { by, why } = by.clone();
    let now = shared.border.clock.calendar_us();
    Happening::once(now, None, Happened::Adopted { by, why })
}

/// What an older journal takes for running is given up: it has ended, one way or another, since.
async fn end_open(shared: &Rc<Shared>, by: &Signed) -> Result<(), Problem> {
    let store = &shared.border.store;
    let open = store.open_deployments().await;
    for open in open.map_err(|error| problems::store(&error))? {
        let id = open.deployment.id.clone();
        // A damaged one can't be appended to; without its lock nobody goes on with it either.
        let Some(entry) = last_row(shared, &open, by) else {
            continue;
        };
        if let Err(error) = store.append(entry).await {
            return Err(problems::store(&error));
        }
        tracing::info!(
            "deployment {id} was given up by {}: its history is lost",
            by.by
        );
    }
    Ok(())
}

fn last_row(shared: &Rc<Shared>, open: &OpenDeployment, by: &Signed) -> Option<NewEntry> {
    if open.poisoned.is_some() {
        return None;
    }
    let (deployment, _) = recover::rebuild(open).ok()?;
    let how = Repair::Abandon;
    let (by, because) = by.clone().parts();
    let event = Event::RepairRequested {
        by: by.clone(),
        how,
    };
    let stepped = step(deployment, &event);
    let mut facts = if stepped.deployment.is_ended() {
        stepped.facts
    } else {
        let outcome = Outcome::Abandoned;
        vec![Fact::Repaired { by, how }, Fact::Ended { outcome }]
    };
    facts.extend(because);
    Some(NewEntry {
        deployment: open.deployment.id.clone(),
        number: open.entries.last().map_or(0, |entry| entry.number + 1),
        at_us: shared.border.clock.calendar_us(),
        event: serde_json::to_string(&event).expect("an event is plain data"),
        facts,
        environment: None,
        ends: true,
    })
}

impl Shared {
    /// With a journal that is older than what runs, nothing is changed.
    pub(crate) fn refuse_lost(&self) -> Result<(), Problem> {
        match &self.lost {
            Some(lost) => Err(problems::lost_history(lost)),
            None => Ok(()),
        }
    }
}
