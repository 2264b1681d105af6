//! Beginning a deployment: everything it needs is allotted and journalled before anything moves.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::rc::Rc;

use windlass_api::Problem;
use windlass_edge::{EdgeError, StoredDeployment};
use windlass_engine::deployment::{Deployment, OpenSlot, Opening, wishes};
use windlass_engine::environment;
use windlass_model::{DeploymentId, Instance, OtherProgram, Plan, PlanKind, ServiceName, Slot};

use crate::because::{Beside, First, Signed};
use crate::controller::Shared;
use crate::drive::{Begin, drive};
use crate::handle::Terms;
use crate::unseen::Unseen;
use crate::{problems, prove, rest};

/// The place of instances on this machine.
const LOCAL: &str = "local";

/// Begins a deployment of `plan`; returns once that is journalled. `programs` are noted with it, where somebody
/// has looked at them: here others are kept from changing anything, and nobody looks.
pub(crate) async fn begin(
    shared: &Rc<Shared>,
    plan: &Plan,
    terms: Terms,
    programs: Option<BTreeMap<ServiceName, OtherProgram>>,
) -> Result<DeploymentId, Problem> {
    refuse_unready_needs(shared, plan).await?;
    let opening = Opening {
        keep_failed: terms.keep_failed,
        ..allot(shared, plan).map_err(|e| problems::no_address(&e))?
    };
    let (by, because) = Signed::from(&terms).parts();
    let id = shared.border.ids.deployment();
    let deployment = Deployment::open(id.clone(), plan.clone(), &opening);
    rest::refuse_serving(shared, &deployment).await?;
    let mut base = shared.environment(&plan.app, &plan.environment);
    base.folder.clone_from(&plan.folder);
    let locked = environment::locked(&base, &deployment);
    let stored = StoredDeployment {
        id: id.clone(),
        plan: plan.clone(),
        started_us: shared.border.clock.calendar_us(),
        ended_us: None,
        by,
        opening: serde_json::to_string(&Opened {
            opening,
            base: base.clone(),
        })
        .expect("an opening is plain data"),
        asked_as: terms.asked_as,
    };
    shared
        .border
        .store
        .begin(&stored, &locked)
        .await
        .map_err(|e| problems::store(&e))?;
    shared.put_environment(locked);
    let begin = Begin {
        deployment,
        base,
        number: 0,
        sequence: 0,
        by: stored.by,
        started_us: stored.started_us,
        holder: None,
        first: First { because, programs },
        unseen: Unseen::default(),
        beside: Beside::default(),
    };
    let driven = drive(shared, begin);
    shared.running.borrow_mut().insert(id.clone(), driven);
    Ok(id)
}

/// What stays as it is begins nothing, so nothing would wait for it: a service that a changing one
/// needs must answer now. A way back asks for nothing.
pub(crate) async fn refuse_unready_needs(shared: &Rc<Shared>, plan: &Plan) -> Result<(), Problem> {
    if plan.kind != PlanKind::Deploy {
        return Ok(());
    }
    let before = shared.environment(&plan.app, &plan.environment);
    let before = environment::renamed(&before, &plan.renames);
    for (service, rollout) in &plan.rollouts {
        let stays = |need: &&ServiceName| !plan.rollouts.contains_key(*need);
        for need in rollout.spec.needs.iter().filter(stays) {
            let state = before.services.get(need);
            let Some(stable) = state.and_then(|state| state.stable.as_ref()) else {
                continue;
            };
            if let Err(saw) = any_answers(shared, stable).await {
                return Err(problems::need_not_ready(plan, [need, service], &saw));
            }
        }
    }
    Ok(())
}

/// Whether one instance of a slot answers well; the last answer otherwise.
pub(crate) async fn any_answers(shared: &Rc<Shared>, slot: &Slot) -> Result<(), String> {
    let mut last = "it has no instance".to_owned();
    for instance in &slot.instances {
        match prove::answers(&shared.border, &slot.spec.ready, instance).await {
            Ok(()) => return Ok(()),
            Err(saw) => last = saw,
        }
    }
    Err(last)
}

/// Journals the folder of an application that has moved and is as wanted otherwise.
pub(crate) async fn note_folder(shared: &Rc<Shared>, plan: &Plan) -> Result<(), Problem> {
    let mut environment = shared.environment(&plan.app, &plan.environment);
    if environment.folder == plan.folder {
        return Ok(());
    }
    environment.folder.clone_from(&plan.folder);
    let written = shared.border.store.put_environment(&environment).await;
    written.map_err(|e| problems::store(&e))?;
    shared.put_environment(environment);
    Ok(())
}

/// What is journalled when a deployment begins, beside its plan.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Opened {
    pub(crate) opening: Opening,
    /// What the environment ran before.
    pub(crate) base: windlass_model::Environment,
}

fn allot(shared: &Rc<Shared>, plan: &Plan) -> Result<Opening, EdgeError> {
    let mut given = BTreeSet::new();
    let mut instances = |count: u16| -> Result<Vec<Instance>, EdgeError> {
        (0..count).map(|_| instance(shared, &mut given)).collect()
    };
    let before = shared.environment(&plan.app, &plan.environment);
    let before = environment::renamed(&before, &plan.renames);
    let mut slots = BTreeMap::new();
    for (service, wish) in wishes(plan) {
        let slot = before
            .services
            .get(&service)
            .map(|s| s.next_slot)
            .unwrap_or_default();
        let fresh = instances(wish.fresh)?;
        let back = instances(wish.back)?;
        slots.insert(service, OpenSlot { slot, fresh, back });
    }
    Ok(Opening {
        slots,
        keep_failed: false,
    })
}

fn instance(shared: &Shared, given: &mut BTreeSet<SocketAddr>) -> Result<Instance, EdgeError> {
    let address = shared.allot_beside(given)?;
    given.insert(address);
    Ok(Instance {
        id: shared.border.ids.instance(),
        place: LOCAL.to_owned(),
        address,
    })
}
