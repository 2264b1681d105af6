//! From a decoded file to a stored plan.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;

use windlass_api::{PlanView, Problem};
use windlass_edge::KeepRelease;
use windlass_engine::plan::{Input, compile, settle_versions};
use windlass_model::{
    AppName, DeploymentId, EnvironmentName, Plan, PlanId, Release, ServiceKey, ServiceName, Spec,
};

use crate::controller::Shared;
use crate::handle::Wanted;
use crate::problems;

/// Keeps the releases of `wanted`, compiles and stores the plan.
pub(crate) async fn plan(
    shared: &Rc<Shared>,
    wanted: &Wanted,
    may_move: bool,
) -> Result<PlanView, Problem> {
    let spec = &wanted.spec;
    let environment = shared.environment(&spec.app, &spec.environment);
    let folder = wanted.folder.display().to_string();
    let moved = !environment.folder.is_empty() && environment.folder != folder;
    if moved && !may_move {
        return Err(problems::other_folder(
            &spec.app,
            &environment.folder,
            &folder,
        ));
    }
    let keeping = shared.releases.lock().await;
    let mut releases = keep_all(shared, wanted).await?;
    shared.note_planned(releases.values().cloned());
    drop(keeping);
    let labels = settle_versions(spec, &environment, &mut releases);
    if !labels.is_empty() {
        return Err(problems::no_plan(&labels));
    }
    let input = Input {
        spec,
        environment: &environment,
        releases: &releases,
    };
    let mut plan = compile(input).map_err(|found| problems::no_plan(&found))?;
    plan.folder = folder;
    let at_us = shared.border.clock.calendar_us();
    shared
        .border
        .store
        .put_plan(&plan, at_us)
        .await
        .map_err(|e| problems::store(&e))?;
    Ok(view(plan))
}

fn view(plan: Plan) -> PlanView {
    PlanView {
        nothing_to_do: plan.rollouts.is_empty(),
        plan,
    }
}

async fn keep_all(
    shared: &Rc<Shared>,
    wanted: &Wanted,
) -> Result<BTreeMap<ServiceName, Release>, Problem> {
    let mut releases = BTreeMap::new();
    let mut failed = Vec::new();
    for (service, spec) in &wanted.spec.services {
        let names = spec.foreign_names();
        let values = wanted
            .values
            .iter()
            .filter(|(name, _)| names.contains(name.as_str()));
        let request = KeepRelease {
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
        };
        match shared.border.target.keep(&request).await {
            Ok(kept) => {
                releases.insert(service.clone(), kept.release);
            }
            Err(error) => failed.push((service.clone(), error)),
        }
    }
    if failed.is_empty() {
        Ok(releases)
    } else {
        Err(problems::not_kept(&failed))
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
            let listen = spec.services.get(need)?.listen?;
            let name = format!("{}_URL", need.as_str().to_uppercase().replace('-', "_"));
            Some((name, format!("http://{}", reachable(listen))))
        })
        .collect()
}

/// A wildcard address can't be connected to: it becomes loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, address.port())
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
    fresh(shared, plan)
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
    fresh(shared, stored.deployment.plan)
}

fn fresh(shared: &Rc<Shared>, plan: Plan) -> Result<PlanView, Problem> {
    let environment = shared.environment(&plan.app, &plan.environment);
    if environment.revision != plan.revision {
        return Err(problems::stale(&plan, environment.revision));
    }
    // A failed deployment changed no stable slot, but it may have retired the standby.
    let mut plan = plan;
    for (service, rollout) in &mut plan.rollouts {
        let state = environment.services.get(service);
        rollout.standby = state.and_then(|s| s.standby.clone());
        rollout.stable = state.and_then(|s| s.stable.clone());
    }
    Ok(view(plan))
}

/// One deployment per environment at a time.
pub(crate) fn refuse_locked(
    shared: &Rc<Shared>,
    app: &AppName,
    environment: &EnvironmentName,
) -> Result<(), Problem> {
    match shared.environment(app, environment).lock {
        Some(holder) => Err(problems::locked(&holder)),
        None => Ok(()),
    }
}
