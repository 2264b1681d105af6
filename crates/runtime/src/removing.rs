//! Taking services away.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_api::{PlanView, Problem};
use windlass_engine::plan;
use windlass_model::{DeploymentId, Plan};

use crate::at::ServiceAt;
use crate::because::Signed;
use crate::controller::Shared;
use crate::handle::Terms;
use crate::{no_way_back, opening, planning, problems};

/// Takes a service away.
pub(crate) async fn remove(
    shared: &Rc<Shared>,
    at: ServiceAt,
    by: Signed,
) -> Result<(DeploymentId, PlanView), Problem> {
    let _changing = shared.changing.lock().await;
    shared.refuse_changes()?;
    let asked = format!("windlass remove {}", at.service);
    planning::refuse_locked_for(shared, (&at.app, &at.environment), &asked).await?;
    let plan = removal(shared, &at)?;
    // It brings nothing new: there is none to look at.
    let programs = Some(BTreeMap::new());
    let id = opening::begin(shared, &plan, Terms::of(by), programs).await?;
    Ok((id, planning::view(shared, plan)))
}

/// The plan that takes a service away, while nothing else runs.
pub(crate) fn removal(shared: &Shared, at: &ServiceAt) -> Result<Plan, Problem> {
    let environment = shared.environment(&at.app, &at.environment);
    let state = environment.services.get(&at.service);
    let failed = state.filter(|state| state.stable.is_none());
    if let Some(kept) = failed.and_then(|state| state.failed.as_ref()) {
        return Err(problems::only_failed(&at.service, &kept.by));
    }
    if state.is_none_or(|state| state.stable.is_none()) {
        return Err(no_way_back::not_running(shared, &environment, &at.service));
    }
    plan::remove(&environment, &environment.folder, &at.service)
        .map_err(|found| problems::not_removed(&at.service, &found))
}
