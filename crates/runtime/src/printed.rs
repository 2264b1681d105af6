//! Whose output is asked for: of what runs, or of what a deployment has started.

use std::collections::BTreeSet;
use std::rc::Rc;

use windlass_api::Problem;
use windlass_edge::StoredDeployment;
use windlass_engine::deployment::Deployment;
use windlass_model::{DeploymentId, Instance, InstanceId, Job};

use crate::at::{LinesAt, ServiceAt};
use crate::controller::Shared;
use crate::opening::Opened;
use crate::problems;
use crate::retention::{DEPLOYMENTS_KEPT, TRACES_KEPT};

/// Logs that are named where one is not there any more.
const NAMED: usize = 8;

/// What one deployment has started of a service.
pub(crate) struct Started {
    pub(crate) deployment: DeploymentId,
    /// Whether its runs may have reported something.
    pub(crate) is_command: bool,
    pub(crate) version: String,
    pub(crate) runs: Vec<Run>,
}

/// One instance of it.
pub(crate) struct Run {
    pub(crate) instance: Instance,
    /// The version whose program or script it is.
    pub(crate) version: String,
    /// What of a script it runs; none of a process.
    pub(crate) job: Option<Job>,
}

/// What the last deployment of a service has started. None where the journal can't be read: what runs can be
/// shown without it.
pub(crate) async fn last(shared: &Rc<Shared>, at: &ServiceAt) -> Option<Started> {
    let stored = shared.border.store.deployments(DEPLOYMENTS_KEPT).await;
    let mut stored = stored.unwrap_or_default().into_iter();
    stored.find_map(|stored| started(&stored, at))
}

fn started(stored: &StoredDeployment, at: &ServiceAt) -> Option<Started> {
    let plan = &stored.plan;
    let here = plan.app == at.app && plan.environment == at.environment;
    let rollout = plan.rollouts.get(&at.service).filter(|_| here)?;
    let opened: Opened = serde_json::from_str(&stored.opening).ok()?;
    let slot = opened.opening.slots.get(&at.service)?;
    let version = rollout.release.version.to_string();
    let is_command = rollout.spec.command.is_some();
    let begun = Deployment::open(stored.id.clone(), plan.clone(), &opened.opening);
    let begun = begun.rollouts.get(&at.service)?;
    let told = |instance: &Instance, back: bool| Run {
        instance: instance.clone(),
        version: begun
            .run(back)
            .map_or_else(|| version.clone(), |(_, by)| by.release.version.to_string()),
        job: begun.run(back).map(|(run, _)| run.job),
    };
    let mut runs: Vec<Run> = slot.fresh.iter().map(|one| told(one, false)).collect();
    // What a script printed on its way back is nowhere else.
    let back = slot.back.iter().filter(|_| is_command);
    runs.extend(back.map(|one| told(one, true)));
    Some(Started {
        deployment: stored.id.clone(),
        is_command,
        version,
        runs,
    })
}

/// The deployments of the service that are meant, newest first: those of one id or version whose output is
/// still there.
///
/// # Errors
/// None is meant, or what is meant was cleaned up: then what is still there is named.
pub(crate) async fn chosen(
    shared: &Rc<Shared>,
    at: &ServiceAt,
    which: &LinesAt,
) -> Result<Vec<Started>, Problem> {
    let store = &shared.border.store;
    let stored = store.deployments(DEPLOYMENTS_KEPT).await;
    let stored = stored.map_err(|error| problems::store(&error))?;
    let all: Vec<Started> = stored.iter().filter_map(|it| started(it, at)).collect();
    let traces = shared.border.target.traces().await.unwrap_or_default();
    let traced: BTreeSet<InstanceId> = traces.into_iter().map(|it| it.instance.id).collect();
    let has_log = |it: &Started| it.runs.iter().any(|run| traced.contains(&run.instance.id));
    let is_meant = |it: &Started| {
        let version = which.version.as_ref();
        let deployment = which.deployment.as_ref();
        version.is_none_or(|wanted| it.version == *wanted)
            && deployment.is_none_or(|wanted| it.deployment == *wanted)
    };
    let kept = all.iter().filter(|it| has_log(it)).take(NAMED);
    let kept = kept.map(|it| format!("{} of {}", it.version, it.deployment));
    let kept: Vec<String> = kept.collect();
    let is_known = all.iter().any(&is_meant);
    let found: Vec<Started> = all
        .into_iter()
        .filter(|it| is_meant(it) && has_log(it))
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let version = which.version.as_ref().map(|version| format!(" {version}"));
    let deployment = which.deployment.as_ref().map(|id| format!(" in {id}"));
    let what = [
        at.service.as_str(),
        &version.unwrap_or_default(),
        &deployment.unwrap_or_default(),
    ];
    let why = if is_known {
        format!(
            "it has started nothing, or that was cleaned up: logs are kept of what runs, and of the last \
             {TRACES_KEPT} deployments of {} in {}",
            at.app, at.environment
        )
    } else {
        format!("no deployment of {} that is known has that", at.service)
    };
    Err(problems::no_log(&what.concat(), &why, &kept))
}
