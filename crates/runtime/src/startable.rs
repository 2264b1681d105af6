//! Whether the releases that a plan may have to go back to could still be started.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_api::NoStartView;
use windlass_model::{Change, Plan, PlanKind, Release, RolloutPlan, ServiceName};

use crate::controller::Shared;

/// Of each service whose release to go back to could not be started again as it was, why not.
pub(crate) async fn no_start(
    shared: &Rc<Shared>,
    plan: &Plan,
) -> BTreeMap<ServiceName, NoStartView> {
    let mut found = BTreeMap::new();
    for (service, part) in &plan.rollouts {
        let Some(release) = needed(plan.kind, part) else {
            continue;
        };
        if let Err(error) = shared.border.target.can_start(release).await {
            let version = release.version.clone();
            let why = error.chain();
            found.insert(service.clone(), NoStartView { version, why });
        }
    }
    found
}

/// The release that must be started for a way back, now or once what runs of it has ended.
fn needed(kind: PlanKind, part: &RolloutPlan) -> Option<&Release> {
    let stable = part.stable.as_ref();
    match (kind, &part.change) {
        // What is new, what stays, and what goes for good.
        (_, Change::First { .. } | Change::Adjust { .. } | Change::Remove)
        | (PlanKind::Remove, _)
        | (PlanKind::Rollback, Change::Restore { warm: true }) => None,
        (
            PlanKind::Deploy,
            Change::Beside { .. } | Change::InPlace { .. } | Change::Restore { .. },
        ) => {
            // A command that goes back by itself needs no other release for it.
            let own = part.spec.command.as_ref();
            let own = own.is_some_and(|command| command.rollback.is_some());
            stable.map(|slot| &slot.release).filter(|_| !own)
        }
        (
            PlanKind::Rollback,
            Change::Beside { .. } | Change::InPlace { .. } | Change::Restore { .. },
        ) => {
            let own = stable.and_then(|slot| slot.spec.command.as_ref());
            let own = own.is_some_and(|command| command.rollback.is_some());
            (!own).then_some(&part.release)
        }
    }
}
