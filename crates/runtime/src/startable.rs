//! Whether the releases that a plan may have to go back to could still be started.

use std::rc::Rc;

use futures_util::future::{Either, select};
use windlass_api::{NoStartView, PlanView};
use windlass_edge::ErrorKind;
use windlass_model::{
    Change, Millis, PlanKind, Promoted, Release, RolloutPlan, ServiceSpec, ServiceState,
};

use crate::controller::Shared;

/// Longest time that all of them are looked at. A disk that hangs holds up no plan, and no way back.
const WITHIN: Millis = Millis::from_secs(2);

/// Adds to a plan that a person is shown, of each service whose release to go back to could not be
/// started again as it was, why not. It decides nothing, and nobody waits for it while anything is changed.
pub(crate) async fn looked_at(shared: &Rc<Shared>, mut view: PlanView) -> PlanView {
    let mut late = shared.border.clock.sleep(WITHIN);
    let mut is_late = false;
    let parts = view.plan.rollouts.iter();
    let all = parts.flat_map(|(service, part)| {
        let needed = needed(view.plan.kind, part).into_iter().flatten();
        needed.map(move |release| (service, release))
    });
    for (service, release) in all {
        if view.no_start.contains_key(service) {
            continue;
        }
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

/// The releases that must be started for a way back, now or once what runs of them has ended; what matters
/// most first. A rollback goes to the one and may be taken back to the other, by hand.
fn needed(kind: PlanKind, part: &RolloutPlan) -> [Option<&Release>; 2] {
    let stable = part.stable.as_ref();
    let left = stable
        .map(|slot| &slot.release)
        .filter(|_| !goes_back_itself(&part.spec));
    match (kind, &part.change) {
        // What is new, what stays, and what goes for good.
        (_, Change::First { .. } | Change::Adjust { .. } | Change::Remove)
        | (PlanKind::Remove, _) => [None, None],
        (
            PlanKind::Deploy,
            Change::Beside { .. } | Change::InPlace { .. } | Change::Restore { .. },
        )
        | (PlanKind::Rollback, Change::Restore { warm: true }) => [left, None],
        (
            PlanKind::Rollback,
            Change::Beside { .. } | Change::InPlace { .. } | Change::Restore { .. },
        ) => {
            let own = stable.is_some_and(|slot| goes_back_itself(&slot.spec));
            [(!own).then_some(&part.release), left]
        }
    }
}

/// Whether it is a command that goes back by itself, and needs nothing kept of another release for it.
fn goes_back_itself(spec: &ServiceSpec) -> bool {
    let command = spec.command.as_ref();
    command.is_some_and(|command| command.rollback.is_some())
}

/// Whether a rollback could start what is kept of a release; why not, in words. What can't be seen in time
/// counts for it: a way back is refused for what is known, not for a disk that hangs.
pub(crate) async fn check(
    shared: &Rc<Shared>,
    state: Option<&ServiceState>,
    known: &Promoted,
) -> Result<(), String> {
    let stable = state.and_then(|state| state.stable.as_ref());
    if stable.is_some_and(|stable| goes_back_itself(&stable.spec)) {
        return Ok(());
    }
    let target = &shared.border.target;
    let late = shared.border.clock.sleep(WITHIN);
    let looked = select(target.can_start(&known.release), late).await;
    if let Either::Left((Err(error), _)) = looked
        && error.kind == ErrorKind::Rejected
    {
        return Err(error.chain());
    }
    match target.verify(&known.release).await {
        Ok(digest) if digest == known.release.artefact => Ok(()),
        Ok(_) => Err("its kept files were changed".to_owned()),
        Err(error) => Err(error.chain()),
    }
}
