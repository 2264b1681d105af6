//! How long a plan will take: its watches, and the time that the starts of its services took lately.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_api::{PlanView, TakesView};
use windlass_edge::{JournalEntry, StoredDeployment};
use windlass_engine::plan::lasts;
use windlass_model::{Fact, Millis, Plan, RolloutPhase, ServiceName, TaskKind};

use crate::controller::Shared;

/// Deployments that are looked through, those of other environments among them.
const LOOKED_AT: u32 = 60;

/// Those of the same environment that are read, the newest first.
const READ: usize = 8;

/// Adds to a plan that a person is shown how long it takes if all goes well. It decides nothing, and a past
/// that can't be read says nothing.
pub(crate) async fn looked_at(shared: &Rc<Shared>, mut view: PlanView) -> PlanView {
    if !view.nothing_to_do {
        view.takes = Some(takes(shared, &view.plan).await);
    }
    view
}

async fn takes(shared: &Rc<Shared>, plan: &Plan) -> TakesView {
    let mut starts: BTreeMap<ServiceName, Vec<Millis>> = starting(plan)
        .map(|service| (service.clone(), Vec::new()))
        .collect();
    if !starts.is_empty() {
        for entries in past(shared, plan).await {
            for (service, known) in &mut starts {
                let before = plan.renames.get(service).unwrap_or(service);
                known.extend(start(&entries, before));
            }
        }
    }
    let unknown = starts.iter().filter(|(_, known)| known.is_empty());
    let unknown = unknown.map(|(service, _)| service.clone()).collect();
    let usual = starts
        .into_iter()
        .filter_map(|(service, known)| Some((service, median(known)?)))
        .collect();
    TakesView {
        about_ms: lasts(plan, &usual).as_millis(),
        watched_ms: lasts(plan, &BTreeMap::new()).as_millis(),
        unknown,
    }
}

/// The services of which something starts.
fn starting(plan: &Plan) -> impl Iterator<Item = &ServiceName> {
    let starts = plan.tasks.iter().filter(|task| match task.kind {
        TaskKind::Start { .. } | TaskKind::Run { .. } => true,
        TaskKind::Scale { from, to } => to > from,
        _ => false,
    });
    starts.filter_map(|task| task.service.as_ref())
}

/// The rows of the last deployments of its environment.
async fn past(shared: &Rc<Shared>, plan: &Plan) -> Vec<Vec<JournalEntry>> {
    let store = &shared.border.store;
    let stored = store.deployments(LOOKED_AT).await.unwrap_or_default();
    let alike = |it: &&StoredDeployment| {
        let of_it = &it.plan;
        of_it.app == plan.app && of_it.environment == plan.environment && it.ended_us.is_some()
    };
    let mut past = Vec::new();
    for it in stored.iter().filter(alike).take(READ) {
        if let Ok(Some(open)) = store.deployment(&it.id).await {
            past.push(open.entries);
        }
    }
    past
}

/// From when a service began to start until the last of it was ready, before it was watched or had requests: what
/// it waited for a person or a gate then is no start. A run of a command has nothing to be ready, and is watched as
/// soon as it has ended well. None where it did not come so far, or the clock was set back meanwhile.
fn start(entries: &[JournalEntry], service: &ServiceName) -> Option<Millis> {
    let (mut began, mut ready) = (None, None);
    for row in entries {
        for fact in &row.facts {
            match fact {
                Fact::PhaseEntered {
                    service: of,
                    phase: RolloutPhase::Starting,
                } if of == service => (began, ready) = (Some(row.at_us), None),
                Fact::InstanceReady { service: of, .. } if of == service => {
                    ready = Some(row.at_us);
                }
                Fact::PhaseEntered {
                    service: of,
                    phase: RolloutPhase::Returning,
                } if of == service => return None,
                Fact::TrafficShifted { service: of, .. }
                | Fact::BakeStarted { service: of, .. }
                | Fact::RolloutPassed { service: of }
                    if of == service =>
                {
                    let took = ready.unwrap_or(row.at_us).checked_sub(began?)?;
                    let took = u64::try_from(took).ok()?;
                    return Some(Millis::from_millis(took / 1_000));
                }
                _ => {}
            }
        }
    }
    None
}

/// Of an even number the greater of both in the middle.
fn median(mut known: Vec<Millis>) -> Option<Millis> {
    known.sort_unstable();
    known.get(known.len() / 2).copied()
}
