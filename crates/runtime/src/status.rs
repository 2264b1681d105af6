//! What runs now: the journal's word beside what router and target say.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::rc::Rc;

use windlass_api::{
    BecauseView, DeploymentView, EnvironmentView, InstanceView, LockView, RestartsView, RouterView,
    ServiceView, SlotView, Word,
};
use windlass_control::{ObservedRoute, ObservedTable, RouterProgram};
use windlass_edge::InstanceState;
use windlass_engine::plan::last_good;
use windlass_engine::rollout::Rollout;
use windlass_model::{
    DeploymentState, Environment, Instance, InstanceEnd, InstanceId, PlanKind, RolloutPhase,
    ServiceKey, ServiceName, ServiceState, Slot,
};

use crate::chronicle::{self, Lately};
use crate::controller::Shared;
use crate::{adoption, asking};

/// What the run of a command has brought; nothing of it need be running.
const LIVE: &str = "live";

/// A process that lives and listens.
const RUNNING: &str = "running";

/// One that lives and does not.
const NOT_LISTENING: &str = "not listening";

/// One that does, and answers badly or not at all.
const NOT_READY: &str = "not ready";

/// Every environment in which something runs or ran.
pub(crate) async fn status(shared: &Rc<Shared>) -> Vec<EnvironmentView> {
    let (observed, silent) = match asking::in_effect(shared).await {
        Ok(observed) => (Some(observed), None),
        Err(silent) => (None, Some(silent)),
    };
    let lately = chronicle::lately(shared).await;
    let router = match &observed {
        Some(table) => router(shared, &table.program, &lately).await,
        None => None,
    };
    let environments = environments(shared, observed.as_ref()).await;
    let mut views = Vec::new();
    for environment in environments {
        let mut view = one(shared, &environment, observed.as_ref(), &lately).await;
        view.router_silent = silent;
        view.router.clone_from(&router);
        views.push(view);
    }
    views
}

/// The router that answers; none where none runs, since nothing is routed.
async fn router(
    shared: &Rc<Shared>,
    program: &RouterProgram,
    lately: &Lately,
) -> Option<RouterView> {
    Some(RouterView {
        pid: shared.border.router.process().await?,
        version: program.version.clone(),
        level: program.level.0,
        restarted: lately.router.clone(),
    })
}

/// What the journal says; where it is older than what runs, what can be seen.
async fn environments(shared: &Rc<Shared>, observed: Option<&ObservedTable>) -> Vec<Environment> {
    if shared.lost.is_none() {
        return shared.environments.borrow().values().cloned().collect();
    }
    let Some(observed) = observed else {
        return Vec::new();
    };
    match adoption::found(shared, observed).await {
        Ok(found) => found.environments,
        Err(error) => {
            tracing::warn!("what runs can't be looked at: {}", error.chain());
            Vec::new()
        }
    }
}

async fn one(
    shared: &Rc<Shared>,
    environment: &Environment,
    observed: Option<&ObservedTable>,
    lately: &Lately,
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
        let mut view = view(shared, state, candidate, &seen).await;
        view.restarted = restarted(state, lately);
        services.insert(service.clone(), view);
    }
    EnvironmentView {
        app: environment.app.clone(),
        environment: environment.environment.clone(),
        revision: environment.revision,
        folder: environment.folder.clone(),
        deployment: environment.lock.clone(),
        lock: lock(shared, environment).await,
        halted: shared.border.brake.halted(),
        router_silent: None,
        router: None,
        services,
    }
}

/// Whose the environment is, as far as the journal can be read.
async fn lock(shared: &Rc<Shared>, environment: &Environment) -> Option<LockView> {
    let id = environment.lock.as_ref()?;
    let view = crate::views::stored(shared, id).await.ok()?;
    let driven = shared.running.borrow().get(id).cloned();
    let unwritten = driven.as_ref().and_then(|it| it.unwritten.borrow().clone());
    let ending = driven.is_some_and(|it| it.is_over());
    let reason = match unwritten {
        Some(why) => format!("can't write its journal: {why}"),
        None if ending => "is over, measures the score after".to_owned(),
        None => {
            let does = doing(&view, shared.border.clock.calendar_us());
            match why_halted(shared, &view) {
                Some(why) => format!("{does}; its reason: {why}"),
                None => does,
            }
        }
    };
    Some(LockView {
        evidence: view.evidence(),
        deployment: view.id,
        by: view.by,
        since_us: view.started_us,
        reason,
        state: view.state,
        held: view.held,
    })
}

/// Why whoever halted all raises did so, where it is that which holds it.
fn why_halted(shared: &Shared, view: &DeploymentView) -> Option<String> {
    let held = view.held.as_ref()?;
    let halt = shared.border.brake.halted().filter(|_| held.is_halt());
    halt?.why
}

/// What it does, or what it waits for.
fn doing(view: &DeploymentView, now_us: i64) -> String {
    let what = does(view);
    let starting = view.rollouts.iter().filter_map(|(service, part)| {
        let late = part.not_ready.as_ref()?;
        let age = late.age(now_us);
        Some(format!("{service} is not ready {age}: {}", late.words()?))
    });
    let began = || {
        let first = view.because.first();
        first.filter(|it| it.word == Some(Word::Began))
    };
    let why = match view.state {
        DeploymentState::Held | DeploymentState::Returning => view.because.last(),
        // Why it was held is past once it goes on.
        DeploymentState::Running | DeploymentState::Settling => began(),
        DeploymentState::Stuck | DeploymentState::Ended(_) => None,
    };
    let why = why.map(BecauseView::words);
    iter::once(what)
        .chain(why)
        .chain(starting)
        .collect::<Vec<_>>()
        .join("; ")
}

fn does(view: &DeploymentView) -> String {
    match view.state {
        DeploymentState::Running => {
            let open = view.rollouts.iter().filter(|(_, part)| {
                !matches!(part.phase, RolloutPhase::Passed | RolloutPhase::Done)
            });
            let names: Vec<&str> = open.map(|(service, _)| service.as_str()).collect();
            match (view.kind, names.is_empty()) {
                (PlanKind::Deploy, true) => "is about to be promoted".to_owned(),
                (PlanKind::Deploy, false) => {
                    and_lacks(format!("rolls out {}", names.join(", ")), view)
                }
                (PlanKind::Rollback, true) => "is about to be back".to_owned(),
                (PlanKind::Rollback, false) => format!("rolls back {}", names.join(", ")),
                (PlanKind::Remove, _) => format!("removes {}", names.join(", ")),
            }
        }
        DeploymentState::Held => {
            let by = view.held.as_ref();
            let by = by.map(|held| format!("{} holds it", held.by));
            let shut = view.shut().next();
            let shut = shut.map(|(gate, score)| windlass_api::score_shut(gate, score));
            let why = by.or(shut);
            and_lacks(why.unwrap_or_else(|| "a person holds it".to_owned()), view)
        }
        DeploymentState::Returning => "goes back".to_owned(),
        DeploymentState::Settling => match view.kind {
            PlanKind::Deploy => "is promoted, old slots drain",
            PlanKind::Rollback => "is back, what it left drains",
            PlanKind::Remove => "has removed it, what is left drains",
        }
        .to_owned(),
        DeploymentState::Stuck => "is stuck until a person repairs it".to_owned(),
        DeploymentState::Ended(_) => "has ended".to_owned(),
    }
}

/// With the evidence that its services wait for, or are held for.
fn and_lacks(what: String, view: &DeploymentView) -> String {
    let lacking = view.evidence();
    let lacking = lacking.iter();
    let lacks = lacking.map(|(service, evidence)| format!("{service} {}", evidence.words()));
    iter::once(what).chain(lacks).collect::<Vec<_>>().join("; ")
}

/// What is being brought, and what of it is ready.
struct Candidate {
    slot: Slot,
    ready: BTreeSet<InstanceId>,
}

fn candidates(shared: &Rc<Shared>, environment: &Environment) -> BTreeMap<ServiceName, Candidate> {
    let running = shared.running.borrow();
    let Some(driven) = environment.lock.as_ref().and_then(|id| running.get(id)) else {
        return BTreeMap::new();
    };
    let now = driven.now.borrow();
    let open = now
        .rollouts
        .iter()
        .filter(|(_, r)| !r.is_promoted() && !r.health.started.is_empty());
    let candidate = |(service, rollout): (&ServiceName, &Rollout)| {
        let slot = rollout.candidate.clone();
        let ready = rollout.health.ready.clone();
        (service.clone(), Candidate { slot, ready })
    };
    open.map(candidate).collect()
}

/// How often what is to run was started again.
fn restarted(state: &ServiceState, lately: &Lately) -> Option<RestartsView> {
    let kept = state.stable.iter().chain(&state.standby);
    let instances = kept.flat_map(|slot| &slot.instances);
    let restarts = instances.filter_map(|one| lately.instances.get(&one.id).cloned());
    restarts.reduce(RestartsView::and)
}

/// What the router said of one service.
struct Seen<'a> {
    entry: Option<&'a ObservedRoute>,
    router: bool,
}

impl Seen<'_> {
    /// Whether the router probes it and would send it nothing. Of what it does not probe it knows
    /// nothing.
    fn holds_unready(&self, slot: &Slot, instance: &Instance) -> bool {
        let entry = self.entry.and_then(|entry| entry.slots.get(&slot.id));
        entry.is_some_and(|seen| !seen.ready.contains(&instance.id))
    }
}

async fn view(
    shared: &Rc<Shared>,
    state: &ServiceState,
    candidate: Option<&Candidate>,
    seen: &Seen<'_>,
) -> ServiceView {
    let listen = match seen.entry {
        Some(entry) => entry.route.listeners.clone(),
        None => state
            .stable
            .iter()
            .filter_map(|slot| slot.spec.listen.clone())
            .collect(),
    };
    let stable = state.stable.as_ref();
    let candidate = candidate.filter(|it| stable.is_none_or(|stable| stable.id != it.slot.id));
    // Whatever a command has brought stays so until another brings something else.
    let brought = |_: &Instance| true;
    let is_ready =
        |instance: &Instance| candidate.is_some_and(|it| it.ready.contains(&instance.id));
    let failed = state.failed.as_ref().map(|kept| &kept.slot);
    ServiceView {
        listen,
        stable: slot_view(shared, stable, seen, brought).await,
        candidate: slot_view(shared, candidate.map(|it| &it.slot), seen, is_ready).await,
        standby: slot_view(shared, state.standby.as_ref(), seen, brought).await,
        standby_kept: state.standby_kept.clone(),
        failed: slot_view(shared, failed, seen, |_| false).await,
        failed_kept_by: state.failed.as_ref().map(|kept| kept.by.clone()),
        down: state.down.clone(),
        restarted: None,
        goes_back_to: last_good(state).map(|known| known.release.version.clone()),
    }
}

/// `brought` says of an instance of a command whether that has done its work.
async fn slot_view(
    shared: &Rc<Shared>,
    slot: Option<&Slot>,
    seen: &Seen<'_>,
    brought: impl Fn(&Instance) -> bool,
) -> Option<SlotView> {
    let slot = slot?;
    let mut instances = Vec::new();
    for instance in &slot.instances {
        let mut view = instance_view(shared, instance).await;
        if slot.spec.command.is_some() {
            let state = match view.state.as_str() {
                _ if brought(instance) => LIVE,
                // It listens nowhere and need not.
                NOT_LISTENING => RUNNING,
                seen => seen,
            };
            view.state = String::from(state);
        } else if view.state == RUNNING && seen.holds_unready(slot, instance) {
            NOT_READY.clone_into(&mut view.state);
        }
        instances.push(view);
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
        artefact: Some(slot.release.artefact.clone()),
        weight: routed.then_some(weight),
        in_flight: routed.then_some(open),
        script: slot.spec.command.is_some(),
        instances,
    })
}

async fn instance_view(shared: &Rc<Shared>, instance: &Instance) -> InstanceView {
    let target = &shared.border.target;
    let observed = target.observe(instance).await;
    // Where it can't be told it is left out, and nobody waits a second time for who does not answer.
    let pid = match observed {
        Ok(InstanceState::Running { .. }) => target.process(instance).await.ok().flatten(),
        Ok(InstanceState::Ended(_) | InstanceState::Absent) | Err(_) => None,
    };
    let (state, restarts) = match observed {
        Ok(InstanceState::Running {
            listening: true,
            restarts,
        }) => (RUNNING.to_owned(), restarts),
        Ok(InstanceState::Running {
            listening: false,
            restarts,
        }) => (NOT_LISTENING.to_owned(), restarts),
        Ok(InstanceState::Ended(end)) => (ended(&end), 0),
        Ok(InstanceState::Absent) => ("absent".to_owned(), 0),
        Err(_) => ("unknown".to_owned(), 0),
    };
    InstanceView {
        id: instance.id.clone(),
        address: instance.address,
        state,
        pid,
        restarts,
        trouble: shared.keeper.trouble(&instance.id),
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
