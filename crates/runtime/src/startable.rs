//! Whether the releases that a plan may have to go back to could still be started.

use std::rc::Rc;

use futures_util::future::{Either, select};
use windlass_api::{NoStartView, PlanView};
use windlass_model::{Change, Millis, PlanKind, Release, RolloutPlan};

use crate::controller::Shared;

/// Longest time that all of them are looked at. A disk that hangs holds up no plan.
const WITHIN: Millis = Millis::from_secs(2);

/// Adds to a plan that a person is shown, of each service whose release to go back to could not be
/// started again as it was, why not. It decides nothing, and nobody waits for it while anything is changed.
pub(crate) async fn looked_at(shared: &Rc<Shared>, mut view: PlanView) -> PlanView {
    let mut late = shared.border.clock.sleep(WITHIN);
    let mut is_late = false;
    for (service, part) in &view.plan.rollouts {
        let Some(release) = needed(view.plan.kind, part) else {
            continue;
        };
        let why = if is_late {
            Some(NOT_SEEN.to_owned())
        } else {
            match select(shared.border.target.can_start(release), &mut late).await {
                Either::Left((seen, _)) => seen.err().map(|error| error.chain()),
                Either::Right(_) => {
                    is_late = true;
                    Some(NOT_SEEN.to_owned())
                }
            }
        };
        if let Some(why) = why {
            let version = release.version.clone();
            view.no_start
                .insert(service.clone(), NoStartView { version, why });
        }
    }
    view
}

/// Why it is not known.
const NOT_SEEN: &str = "its files could not be looked at in time";

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
