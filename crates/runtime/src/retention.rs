//! Dropping what no rollback may need any more.

use std::rc::Rc;

use windlass_model::{InstanceId, Release};

use crate::controller::Shared;
use crate::opening::Opened;

/// Ended deployments whose rows are kept.
const DEPLOYMENTS_KEPT: u32 = 200;

/// Newest deployments whose releases (for `retry`) and instances' logs and statuses are kept, also of
/// failed ones.
const TRACES_KEPT: u32 = 10;

/// Runs after each deployment. What can't be dropped now is tried again after the next one.
pub(crate) async fn run(shared: &Rc<Shared>) {
    if let Err(error) = shared
        .border
        .store
        .forget_deployments(DEPLOYMENTS_KEPT)
        .await
    {
        tracing::warn!("old deployments were not dropped: {}", error.chain());
    }
    let _nothing_is_kept_meanwhile = shared.releases.lock().await;
    let slots = shared.slots();
    let mut instances: Vec<InstanceId> = slots
        .iter()
        .flat_map(|slot| slot.instances.iter().map(|i| i.id.clone()))
        .collect();
    let mut releases: Vec<Release> = slots.into_iter().map(|slot| slot.release).collect();
    match shared.border.store.deployments(TRACES_KEPT).await {
        Ok(recent) => {
            for stored in recent {
                instances.extend(traces(&stored.opening));
                releases.extend(stored.plan.rollouts.into_values().map(|part| part.release));
            }
        }
        // Without the list nothing may be dropped.
        Err(error) => return tracing::warn!("nothing was dropped: {}", error.chain()),
    }
    for environment in shared.environments.borrow().values() {
        releases.extend(
            environment
                .services
                .values()
                .flat_map(|s| s.promoted.iter().cloned()),
        );
    }
    releases.extend(shared.planned());
    if let Err(error) = shared
        .border
        .target
        .forget_all_but(&releases, &instances)
        .await
    {
        tracing::warn!("not everything old was dropped: {}", error.chain());
    }
}

/// Every instance that was allotted to a deployment.
pub(crate) fn traces(opening: &str) -> Vec<InstanceId> {
    let Ok(Opened { opening, .. }) = serde_json::from_str(opening) else {
        return Vec::new();
    };
    let slots = opening.slots.into_values();
    slots
        .flat_map(|slot| slot.fresh.into_iter().chain(slot.back).map(|i| i.id))
        .collect()
}
