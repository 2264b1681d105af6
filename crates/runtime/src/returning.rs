//! Going back after promotion.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::future::join_all;
use windlass_api::{Problem, RollbackAnswer};
use windlass_edge::StoredDeployment;
use windlass_engine::deployment::{Accepted, Command};
use windlass_engine::plan::{self, RestoreInput};
use windlass_engine::rollout::Phase;
use windlass_model::{
    Change, DeploymentId, DeploymentState, Environment, OnFailure, Outcome, Plan, PlanKind,
    Promoted, ServiceName, ServiceState, Version, nearest,
};

use crate::at::RollbackAt;
use crate::because::Signed;
use crate::controller::Shared;
use crate::drive::{Driven, Input};
use crate::handle::Terms;
use crate::{no_plan, no_way_back, opening, planning, problems, prove, recover, scorer, startable};

/// Newest deployments among which the last promoted one is looked for.
const LOOKED_AT: u32 = 200;

/// Instances that may be starting at the same time where no plan says.
const PARALLEL: u16 = 8;

/// What goes back, and how the deployment that it came with was to be carried out.
struct Scope {
    services: BTreeSet<ServiceName>,
    on_failure: OnFailure,
    parallel: u16,
}

/// What each service of a scope is to do.
struct Wanted {
    /// What it goes back to.
    back: BTreeMap<ServiceName, Promoted>,
    /// Why it stays as it is.
    stays: BTreeMap<ServiceName, String>,
}

/// Takes services back to an earlier release; while a deployment runs, aborts that.
pub(crate) async fn rollback(
    shared: &Rc<Shared>,
    at: RollbackAt,
    by: Signed,
) -> Result<RollbackAnswer, Problem> {
    let mut answer = begin(shared, at, by).await?;
    // It goes on meanwhile, and nobody waits for anything that is held.
    if let Some(plan) = answer.plan.take() {
        answer.plan = Some(startable::looked_at(shared, plan).await);
    }
    Ok(answer)
}

async fn begin(shared: &Rc<Shared>, at: RollbackAt, by: Signed) -> Result<RollbackAnswer, Problem> {
    scorer::give_up(shared, &at.app, &at.environment).await;
    let lock = || shared.environment(&at.app, &at.environment).lock;
    if let (Some(holder), Some(to)) = (lock(), &at.to) {
        return Err(no_way_back::runs_meanwhile(
            &holder,
            (at.service.as_ref(), to),
        ));
    }
    if let Some(holder) = lock() {
        return abort(shared, holder, &at, by).await;
    }
    let changing = shared.changing.lock().await;
    shared.refuse_changes()?;
    if let Some(holder) = lock() {
        drop(changing);
        return abort(shared, holder, &at, by).await;
    }
    let Found { plan, stays } = find(shared, &at).await?;
    let Some(plan) = plan else {
        return Ok(RollbackAnswer {
            deployment: None,
            aborted: false,
            plan: None,
            stays,
        });
    };
    if at
        .agreed
        .as_ref()
        .is_some_and(|agreed| *agreed != versions(&plan))
    {
        return Err(no_way_back::not_as_shown());
    }
    // It brings nothing new: there is none to look at.
    let programs = Some(BTreeMap::new());
    let id = opening::begin(shared, &plan, Terms::of(by), programs).await?;
    Ok(RollbackAnswer {
        deployment: Some(id),
        aborted: false,
        plan: Some(planning::view(shared, plan)),
        stays,
    })
}

/// The version that each service goes back to.
fn versions(plan: &Plan) -> BTreeMap<String, Version> {
    let parts = plan.rollouts.iter();
    parts
        .map(|(service, part)| (service.to_string(), part.release.version.clone()))
        .collect()
}

/// The way back to earlier releases, while nothing else runs.
pub(crate) struct Found {
    /// None where everything is there already.
    pub(crate) plan: Option<Plan>,
    /// Services among what was promoted that stay as they are; with why.
    pub(crate) stays: BTreeMap<ServiceName, String>,
}

/// Looks for it.
pub(crate) async fn find(shared: &Rc<Shared>, at: &RollbackAt) -> Result<Found, Problem> {
    let environment = shared.environment(&at.app, &at.environment);
    let scope = scope(shared, &environment, at).await?;
    let Wanted {
        back: wanted,
        stays,
    } = wanted(shared, &environment, &scope, at).await?;
    if wanted.is_empty() {
        return Ok(Found { plan: None, stays });
    }
    // All at once: one that is silent takes as long as it may.
    let asked = wanted.iter().map(async |(service, promoted)| {
        let state = environment.services.get(service);
        let is_warm = is_warm(shared, state, promoted).await;
        is_warm.then(|| service.clone())
    });
    let warm: BTreeSet<ServiceName> = join_all(asked).await.into_iter().flatten().collect();
    refuse_unsound(shared, &environment, (&wanted, &warm)).await?;
    let plan = plan::restore(&RestoreInput {
        environment: &environment,
        folder: &environment.folder,
        wanted: &wanted,
        warm: &warm,
        on_failure: scope.on_failure,
        parallel: scope.parallel,
    });
    let plan = plan.map_err(|found| no_plan::no_plan(&found))?;
    Ok(Found {
        plan: Some(plan),
        stays,
    })
}

/// Refuses what would have to be started and can be seen not to start: nothing has moved yet.
async fn refuse_unsound(
    shared: &Rc<Shared>,
    environment: &Environment,
    (wanted, warm): (&BTreeMap<ServiceName, Promoted>, &BTreeSet<ServiceName>),
) -> Result<(), Problem> {
    let cold = wanted
        .iter()
        .filter(|(service, _)| !warm.contains(*service));
    // All at once: a disk that is silent takes as long as it may.
    let looked = cold.map(async |(service, promoted)| {
        let state = environment.services.get(service);
        let found = startable::check(shared, state, promoted).await;
        found.map_err(|why| (service, &promoted.release.version, why))
    });
    let looked = join_all(looked).await;
    let Some((service, version, why)) = looked.into_iter().find_map(Result::err) else {
        return Ok(());
    };
    let only = BTreeSet::from([service.clone()]);
    let lines = candidates(shared, environment, &only).await;
    Err(no_way_back::not_verified(service, version, &why, &lines))
}

/// The deployment that runs, if a rollback of what is named means it.
pub(crate) fn driven(
    shared: &Shared,
    holder: &DeploymentId,
    at: &RollbackAt,
) -> Result<Driven, Problem> {
    if let Some(why) = shared.poisoned.borrow().get(holder) {
        return Err(problems::unreadable(holder, why));
    }
    let driven = shared.running.borrow().get(holder).cloned();
    let Some(driven) = driven else {
        return Err(problems::locked_for(shared, holder, "windlass rollback"));
    };
    // Whoever names one service means no other.
    let goes = |service: &ServiceName| driven.now.borrow().plan.rollouts.contains_key(service);
    if let Some(other) = at.service.as_ref().filter(|service| !goes(service)) {
        return Err(no_way_back::not_of(holder, other));
    }
    Ok(driven)
}

/// Whether it would be aborted: a way back that is under way is what was asked for.
pub(crate) fn goes_forward(driven: &Driven) -> Result<bool, Problem> {
    let now = driven.now.borrow();
    if now.plan.kind == PlanKind::Rollback {
        return Ok(false);
    }
    match now.accepts(Command::Abort) {
        Accepted::Yes | Accepted::NoChange => Ok(true),
        Accepted::No(why) => Err(problems::not_in_state(&now, why)),
    }
}

/// Whoever names one service, and was not asked, means no other: where its turn has not come, there is
/// nothing of it to take back, and only others would go. Once it has moved, all go back together.
fn refuse_untouched(
    driven: &Driven,
    holder: &DeploymentId,
    at: &RollbackAt,
) -> Result<(), Problem> {
    let now = driven.now.borrow();
    let waits = |service: &ServiceName| {
        let part = now.rollouts.get(service);
        part.is_some_and(|part| part.phase == Phase::Waiting)
    };
    match &at.service {
        Some(service) if now.rollouts.len() > 1 && waits(service) => {
            Err(no_way_back::untouched(holder, service))
        }
        Some(_) | None => Ok(()),
    }
}

async fn abort(
    shared: &Rc<Shared>,
    holder: DeploymentId,
    at: &RollbackAt,
    by: Signed,
) -> Result<RollbackAnswer, Problem> {
    if at.agreed.is_some() {
        // What was shown is not that something is aborted.
        return Err(problems::locked_for(shared, &holder, "windlass rollback"));
    }
    let driven = driven(shared, &holder, at)?;
    // A way back that is under way is what was asked for.
    let kind = driven.now.borrow().plan.kind;
    let aborted = kind != PlanKind::Rollback;
    if aborted {
        refuse_untouched(&driven, &holder, at)?;
        let (reply, answer) = oneshot::channel();
        let input = Input::Command {
            command: Command::Abort,
            by,
            about: None,
            reply,
        };
        driven.inbox.send(input).await;
        answer
            .await
            .unwrap_or_else(|_ended| Err(problems::not_now("it has just ended")))?;
    }
    Ok(RollbackAnswer {
        deployment: Some(holder),
        aborted,
        plan: None,
        stays: BTreeMap::new(),
    })
}

/// The service that was named, or all that the last promotion changed. Where none of these has a
/// release to go back to, as one that was new with it, what the promotion before changed goes back too.
async fn scope(
    shared: &Rc<Shared>,
    environment: &Environment,
    at: &RollbackAt,
) -> Result<Scope, Problem> {
    let runs = |service: &ServiceName| {
        let state = environment.services.get(service);
        state.is_some_and(|state| state.stable.is_some())
    };
    if let Some(service) = &at.service {
        if !runs(service) {
            return Err(no_way_back::not_running(shared, environment, service));
        }
        return Ok(Scope {
            services: BTreeSet::from([service.clone()]),
            on_failure: OnFailure::All,
            parallel: PARALLEL,
        });
    }
    let store = &shared.border.store;
    let newest = store.deployments(LOOKED_AT).await;
    let newest = newest.map_err(|e| problems::store(&e))?;
    let ours = |plan: &Plan| plan.app == at.app && plan.environment == at.environment;
    let goes = |service: &ServiceName| {
        let state = environment.services.get(service);
        at.to.is_some() || state.is_some_and(|state| plan::last_good(state).is_some())
    };
    let mut services = BTreeSet::new();
    let mut newest_scope = None;
    for stored in newest.into_iter().filter(|stored| ours(&stored.plan)) {
        let brought = brought(shared, environment, &stored).await?;
        if brought.is_empty() {
            continue;
        }
        services.extend(brought.iter().cloned());
        let scope = Scope {
            services: services.clone(),
            on_failure: stored.plan.on_failure,
            parallel: stored.plan.parallel,
        };
        if brought.iter().any(goes) {
            return Ok(scope);
        }
        newest_scope.get_or_insert(scope);
    }
    newest_scope.ok_or_else(|| no_way_back::nothing_promoted(shared, environment))
}

/// The services that a deployment promoted and that run what it brought: the others are back already.
async fn brought(
    shared: &Rc<Shared>,
    environment: &Environment,
    stored: &StoredDeployment,
) -> Result<BTreeSet<ServiceName>, Problem> {
    let found = shared.border.store.deployment(&stored.id).await;
    let found = found.map_err(|e| problems::store(&e))?;
    let Some(Ok((deployment, _))) = found.map(|open| recover::rebuild(&open)) else {
        return Ok(BTreeSet::new());
    };
    let promoted = matches!(
        deployment.state(),
        DeploymentState::Ended(Outcome::Promoted | Outcome::PartlyPromoted)
    );
    if !promoted || stored.plan.kind != PlanKind::Deploy {
        return Ok(BTreeSet::new());
    }
    let brought = deployment.rollouts.iter().filter(|(service, rollout)| {
        let state = environment.services.get(*service);
        let stable = state.and_then(|state| state.stable.as_ref());
        rollout.phase == Phase::Done
            && !matches!(rollout.plan.change, Change::Adjust { .. })
            && stable.is_some_and(|slot| slot.release == rollout.candidate.release)
    });
    Ok(brought.map(|(service, _)| service.clone()).collect())
}

/// What each service goes back to; none when everything is there already.
async fn wanted(
    shared: &Rc<Shared>,
    environment: &Environment,
    scope: &Scope,
    at: &RollbackAt,
) -> Result<Wanted, Problem> {
    let (mut back, mut stays) = (BTreeMap::new(), BTreeMap::new());
    let mut is_there = false;
    for service in &scope.services {
        let Some(state) = environment.services.get(service) else {
            continue;
        };
        let all = plan::candidates(state);
        let (found, why) = match &at.to {
            Some(to) => {
                let mut stable = state.stable.iter();
                if stable.any(|slot| slot.release.version == *to) {
                    is_there = true;
                    continue;
                }
                let found = all.into_iter().find(|known| known.release.version == *to);
                (found, format!("it has no kept release {to}"))
            }
            None if all.is_empty() => (None, "it has no earlier release".to_owned()),
            None => {
                let why = "every earlier release of it was rolled back from";
                (plan::last_good(state), why.to_owned())
            }
        };
        match found {
            Some(found) => drop(back.insert(service.clone(), found.clone())),
            None => drop(stays.insert(service.clone(), why)),
        }
    }
    if back.is_empty() && !is_there {
        let is_named = at.service.is_some();
        let lines = choices(shared, environment, &scope.services, is_named).await;
        let to = at.to.as_ref();
        let near = to.and_then(|to| near(environment, &scope.services, to));
        return Err(no_way_back::nothing_to_go_back_to(
            at,
            &lines,
            near.as_deref(),
        ));
    }
    Ok(Wanted { back, stays })
}

/// Whether the standby is the release that is wanted, and answers well now.
async fn is_warm(shared: &Rc<Shared>, state: Option<&ServiceState>, wanted: &Promoted) -> bool {
    let standby = state.and_then(|state| state.standby.as_ref());
    let same = |slot: &&windlass_model::Slot| {
        slot.release == wanted.release && slot.spec == wanted.spec && !slot.instances.is_empty()
    };
    let Some(standby) = standby.filter(same) else {
        return false;
    };
    for instance in &standby.instances {
        let probe = &standby.spec.ready;
        if prove::answers(&shared.border, probe, instance)
            .await
            .is_err()
        {
            return false;
        }
    }
    true
}

/// Lines that name what a rollback could mean; more are only counted.
const CHOICES_MAX: usize = 12;

/// What a person may name here: of the service that was named, else of those that were meant and then of
/// the others.
async fn choices(
    shared: &Rc<Shared>,
    environment: &Environment,
    meant: &BTreeSet<ServiceName>,
    is_named: bool,
) -> Vec<String> {
    let mut lines = candidates(shared, environment, meant).await;
    if is_named {
        return lines;
    }
    let others = environment.services.iter();
    let others = others.filter(|(service, state)| {
        !meant.contains(*service) && !plan::candidates(state).is_empty()
    });
    let others = others.map(|(service, _)| service.clone()).collect();
    lines.extend(candidates(shared, environment, &others).await);
    let more = lines.len().saturating_sub(CHOICES_MAX);
    if more > 0 {
        lines.truncate(CHOICES_MAX);
        lines.push(format!(
            "and {more} more: name a service to see all of its own"
        ));
    }
    lines
}

/// The version of these services that was probably meant by one that none of them has: the only one that
/// begins so, else the nearest.
fn near(
    environment: &Environment,
    services: &BTreeSet<ServiceName>,
    to: &Version,
) -> Option<String> {
    let states = environment.services.iter();
    let states = states.filter(|(service, _)| services.contains(*service));
    let known = states.flat_map(|(_, state)| plan::candidates(state));
    let known: Vec<&str> = known
        .map(|known| known.release.version.0.as_str())
        .collect();
    let mut begun = known.iter().filter(|version| version.starts_with(&to.0));
    let near = match (begun.next(), begun.next()) {
        (Some(only), None) => Some(*only),
        (Some(_), Some(_)) | (None, _) => nearest(&to.0, known),
    };
    near.map(str::to_owned)
}

/// What a rollback may go to, newest first: the command for each, and whether it can be started.
async fn candidates(
    shared: &Rc<Shared>,
    environment: &Environment,
    services: &BTreeSet<ServiceName>,
) -> Vec<String> {
    let mut lines = Vec::new();
    for service in services {
        let Some(state) = environment.services.get(service) else {
            continue;
        };
        let all = plan::candidates(state);
        if all.is_empty() {
            lines.push(format!("{service}: no earlier release"));
        }
        for known in all {
            let verified = match startable::check(shared, Some(state), known).await {
                Ok(()) => "verified".to_owned(),
                Err(why) => why,
            };
            let left = if state.rolled_back.contains(&known.release) {
                ", rolled back from before"
            } else {
                ""
            };
            let version = &known.release.version;
            lines.push(format!(
                "windlass rollback {service} --to {version}: {verified}{left}"
            ));
        }
    }
    lines
}
