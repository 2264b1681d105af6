//! From a decoded file to a stored plan.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_api::{PlanView, Problem};
use windlass_edge::{EdgeError, Given, KeepRelease};
use windlass_engine::environment;
use windlass_engine::plan::{Input, compile, is_nothing, settle_versions};
use windlass_model::{
    AppName, Change, DeploymentId, Environment, EnvironmentName, Plan, PlanId, Release, ServiceKey,
    ServiceName, Spec, Version,
};

use crate::controller::Shared;
use crate::handle::From;
use crate::not_kept::not_kept;
use crate::occupied::Occupied;
use crate::queue::Place;
use crate::understood::refuse_older_router;
use crate::wanted::Wanted;
use crate::{no_plan, problems, scorer};

/// Keeps the releases of `wanted`, compiles and stores the plan.
pub(crate) async fn plan(
    shared: &Rc<Shared>,
    wanted: &Wanted,
    may_move: bool,
) -> Result<PlanView, Problem> {
    let spec = &wanted.spec;
    let environment = shared.environment(&spec.app, &spec.environment);
    let folder = wanted.folder.display().to_string();
    if !may_move && let Some(known) = other_folder(shared, &environment, &folder) {
        return Err(problems::other_folder(&spec.app, &known, &folder));
    }
    let listening = spec.services.iter();
    let listening = listening.filter_map(|(name, it)| Some((name, it.listen.as_ref()?)));
    let taken = Occupied::of(shared, &environment, listening).await;
    let requests = to_keep(wanted);
    for request in &requests {
        // A large file is read before: nobody waits for that.
        shared.border.target.read_ahead(request).await;
    }
    let keeping = shared.releases.lock().await;
    let mut releases = keep_all(shared, requests)
        .await
        .map_err(|failed| not_kept(&failed, (&taken.lines, &wanted.places)))?;
    let labels = settle_versions(spec, &environment, &mut releases);
    let input = Input {
        spec,
        environment: &environment,
        releases: &releases,
    };
    // All that is wrong is told at once.
    let (compiled, others) = match compile(input) {
        Ok(plan) => (Some(plan), Vec::new()),
        Err(others) => (None, others),
    };
    let refused = || no_plan::of(&taken, &labels, &others);
    let is_possible = taken.lines.is_empty() && labels.is_empty();
    let mut plan = compiled.filter(|_| is_possible).ok_or_else(refused)?;
    refuse_older_router(shared, &plan).await?;
    plan.folder = folder;
    keep_given(shared, wanted, &plan.id).await?;
    let at_us = shared.border.clock.calendar_us();
    shared
        .border
        .store
        .put_plan(&plan, at_us)
        .await
        .map_err(|e| problems::store(&e))?;
    // From here on the stored plan keeps them.
    drop(keeping);
    Ok(view(shared, plan))
}

/// What the commands of the score are given is kept with the plan: whoever carries it out measures the same.
async fn keep_given(shared: &Rc<Shared>, wanted: &Wanted, plan: &PlanId) -> Result<(), Problem> {
    let names = wanted.spec.score.foreign_names();
    if wanted.spec.score.is_empty() {
        return Ok(());
    }
    let values = wanted.values.iter();
    let values = values.filter(|(name, _)| names.contains(name.as_str()));
    let given = Given {
        surroundings: wanted.surroundings.clone(),
        values: values
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    };
    let kept = shared.border.gauge.keep(plan, &given).await;
    kept.map_err(|e| problems::store(&e))
}

/// The folder that the application is known to be of, if it is not `folder`: that of this environment,
/// or, before its first deployment, those of the application's others.
fn other_folder(shared: &Rc<Shared>, environment: &Environment, folder: &str) -> Option<String> {
    if !environment.folder.is_empty() {
        return (environment.folder != folder).then(|| environment.folder.clone());
    }
    let environments = shared.environments.borrow();
    let mut known = environments
        .values()
        .filter(|other| other.app == environment.app && !other.folder.is_empty())
        .map(|other| &other.folder)
        .peekable();
    let first = known.peek().map(|first| (*first).clone());
    first.filter(|_| known.all(|other| other != folder))
}

/// A plan as clients see it; what could not be started again is looked for apart.
pub(crate) fn view(shared: &Shared, plan: Plan) -> PlanView {
    PlanView {
        nothing_to_do: is_nothing(&plan),
        no_start: BTreeMap::new(),
        went_back: BTreeMap::new(),
        programs: BTreeMap::new(),
        new: BTreeMap::new(),
        down: down(&shared.environment(&plan.app, &plan.environment), &plan),
        risk: None,
        takes: None,
        plan,
    }
}

/// What would start and is down: once promoted, and in no slot any more.
fn down(environment: &Environment, plan: &Plan) -> BTreeMap<ServiceName, Version> {
    let before = environment::renamed(environment, &plan.renames);
    let starting = plan.rollouts.iter();
    let starting = starting.filter(|(_, part)| matches!(part.change, Change::First { .. }));
    let last = starting.filter_map(|(service, _)| {
        let last = before.services.get(service)?.promoted.first()?;
        Some((service.clone(), last.release.version.clone()))
    });
    last.collect()
}

/// What keeping the release of each service takes.
fn to_keep(wanted: &Wanted) -> Vec<KeepRelease> {
    let services = wanted.spec.services.iter();
    let requests = services.map(|(service, spec)| {
        let names = spec.foreign_names();
        let values = wanted.values.iter();
        let values = values.filter(|(name, _)| names.contains(name.as_str()));
        KeepRelease {
            service: ServiceKey {
                app: wanted.spec.app.clone(),
                environment: wanted.spec.environment.clone(),
                service: service.clone(),
            },
            spec: spec.clone(),
            folder: wanted.folder.clone(),
            values: values
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            need_urls: need_urls(&wanted.spec, service),
            surroundings: wanted.surroundings.clone(),
        }
    });
    requests.collect()
}

/// Keeps the release of each service, or says which can't be kept.
async fn keep_all(
    shared: &Rc<Shared>,
    requests: Vec<KeepRelease>,
) -> Result<BTreeMap<ServiceName, Release>, Vec<(ServiceName, EdgeError)>> {
    let mut releases = BTreeMap::new();
    let mut failed = Vec::new();
    for request in requests {
        let kept = shared.border.target.keep(&request).await;
        let service = request.service.service;
        match kept {
            Ok(kept) => {
                releases.insert(service, kept.release);
            }
            Err(error) => failed.push((service, error)),
        }
    }
    if failed.is_empty() {
        Ok(releases)
    } else {
        Err(failed)
    }
}

/// `<NEED>_URL` of each need that listens.
fn need_urls(spec: &Spec, service: &ServiceName) -> BTreeMap<String, String> {
    let needs = spec
        .services
        .get(service)
        .into_iter()
        .flat_map(|s| &s.needs);
    needs
        .filter_map(|need| {
            let listen = spec.services.get(need)?.listen.as_ref()?;
            let name = format!("{}_URL", need.as_str().to_uppercase().replace('-', "_"));
            Some((name, listen.url()))
        })
        .collect()
}

/// The environment that a deployment would change.
pub(crate) async fn place(shared: &Rc<Shared>, from: &From) -> Result<Place, Problem> {
    let store = &shared.border.store;
    let plan = match from {
        From::File(wanted) => {
            return Ok((wanted.spec.app.clone(), wanted.spec.environment.clone()));
        }
        From::Plan(id) => {
            let found = store.plan(id).await.map_err(|e| problems::store(&e))?;
            found.ok_or_else(|| problems::unknown_plan(id))?
        }
        From::Retry(id) => {
            let found = store
                .deployment(id)
                .await
                .map_err(|e| problems::store(&e))?;
            let found = found.ok_or_else(|| problems::unknown_deployment(id))?;
            found.deployment.plan
        }
    };
    Ok((plan.app, plan.environment))
}

/// A stored plan, unless what is stable moved since.
pub(crate) async fn stored(shared: &Rc<Shared>, id: &PlanId) -> Result<PlanView, Problem> {
    let found = shared
        .border
        .store
        .plan(id)
        .await
        .map_err(|e| problems::store(&e))?;
    let plan = found.ok_or_else(|| problems::unknown_plan(id))?;
    fresh(shared, plan).await
}

/// The plan of an ended deployment, once more.
pub(crate) async fn retried(shared: &Rc<Shared>, id: &DeploymentId) -> Result<PlanView, Problem> {
    let found = shared
        .border
        .store
        .deployment(id)
        .await
        .map_err(|e| problems::store(&e))?;
    let stored = found.ok_or_else(|| problems::unknown_deployment(id))?;
    fresh(shared, stored.deployment.plan).await
}

/// A plan as it would be carried out now, unless what is stable moved since.
pub(crate) async fn fresh(shared: &Rc<Shared>, plan: Plan) -> Result<PlanView, Problem> {
    let environment = shared.environment(&plan.app, &plan.environment);
    if environment.revision != plan.revision {
        return Err(problems::stale(shared, &plan, &environment));
    }
    let listening = plan.rollouts.iter();
    let listening = listening.filter_map(|(name, it)| Some((name, it.spec.listen.as_ref()?)));
    let taken = Occupied::of(shared, &environment, listening).await;
    if !taken.lines.is_empty() {
        return Err(no_plan::of(&taken, &[], &[]));
    }
    refuse_older_router(shared, &plan).await?;
    // A failed deployment changed no stable slot, but it may have retired the standby, and
    // kept its candidate.
    let mut plan = plan;
    // What has another name now still stands under the old one.
    let environment = environment::renamed(&environment, &plan.renames);
    for (service, rollout) in &mut plan.rollouts {
        let state = environment.services.get(service);
        rollout.standby = state.and_then(|s| s.standby.clone());
        rollout.stable = state.and_then(|s| s.stable.clone());
        rollout.failed = state.and_then(|s| s.failed.as_ref().map(|kept| kept.slot.clone()));
    }
    Ok(view(shared, plan))
}

/// One deployment per environment at a time. One that only measures its end makes room.
pub(crate) async fn refuse_locked(
    shared: &Rc<Shared>,
    app: &AppName,
    environment: &EnvironmentName,
) -> Result<(), Problem> {
    match holder(shared, app, environment).await {
        Some(holder) => Err(problems::locked(shared, &holder)),
        None => Ok(()),
    }
}

/// The same for a command that begins no deployment: `asked` is how it is typed.
pub(crate) async fn refuse_locked_for(
    shared: &Rc<Shared>,
    (app, environment): (&AppName, &EnvironmentName),
    asked: &str,
) -> Result<(), Problem> {
    match holder(shared, app, environment).await {
        Some(holder) => Err(problems::locked_for(shared, &holder, asked)),
        None => Ok(()),
    }
}

async fn holder(
    shared: &Rc<Shared>,
    app: &AppName,
    environment: &EnvironmentName,
) -> Option<DeploymentId> {
    scorer::give_up(shared, app, environment).await;
    shared.environment(app, environment).lock
}
