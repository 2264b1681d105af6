//! Whether the new releases of a plan run another program from PATH, or from another place outside of the folder,
//! than what serves: nobody has changed a file there, and wonders what is new.

use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::future::{Either, select};
use windlass_api::{Novelty, PlanView};
use windlass_edge::JournalEntry;
use windlass_model::{Fact, Millis, OtherProgram, Plan, PlanKind, ServiceName};

use crate::controller::Shared;

/// Longest time that all of them are looked at. A disk that hangs holds up no plan.
const WITHIN: Millis = Millis::from_secs(2);

/// Programs outside of the folder that are others in the new releases of a plan.
struct Others {
    found: BTreeMap<ServiceName, OtherProgram>,
    /// Whether each could be looked at.
    all_seen: bool,
}

/// Looks at all of them. It decides nothing, and what can't be read says nothing.
async fn others(shared: &Rc<Shared>, plan: &Plan) -> Others {
    let mut others = Others {
        found: BTreeMap::new(),
        all_seen: true,
    };
    if plan.kind != PlanKind::Deploy {
        return others;
    }
    let mut late = shared.border.clock.sleep(WITHIN);
    for (service, part) in &plan.rollouts {
        let Some(stable) = &part.stable else {
            continue;
        };
        let (was, now) = (&stable.release, &part.release);
        if was.identity == now.identity {
            continue;
        }
        match select(shared.border.target.other_program(was, now), &mut late).await {
            Either::Left((Ok(Some(other)), _)) => {
                others.found.insert(service.clone(), other);
            }
            Either::Left((Ok(None), _)) => {}
            Either::Left((Err(_), _)) => others.all_seen = false,
            Either::Right(_) => {
                others.all_seen = false;
                break;
            }
        }
    }
    others
}

/// Adds to a plan that a person is shown what is new in its releases: which programs outside of the folder are
/// others, and whatever else is another than before.
pub(crate) async fn looked_at(shared: &Rc<Shared>, mut view: PlanView) -> PlanView {
    let others = others(shared, &view.plan).await;
    // Of what could not be looked at nobody says that it is the same.
    let seen = others.all_seen.then_some(&others.found);
    let parts = view.plan.rollouts.iter();
    let new = parts.map(|(service, part)| (service.clone(), Novelty::of(service, part, seen)));
    view.new = new.filter(|(_, all)| !all.is_empty()).collect();
    view.programs = others.found;
    view
}

/// The same for whoever asks later why a release was new: by then the records of both may be gone. None where
/// that is not known of each.
pub(crate) async fn to_note(
    shared: &Rc<Shared>,
    plan: &Plan,
) -> Option<BTreeMap<ServiceName, OtherProgram>> {
    let others = others(shared, plan).await;
    others.all_seen.then_some(others.found)
}

/// Those of a deployment, as it began with them; none where nobody has looked.
pub(crate) fn noted(rows: &[JournalEntry]) -> Option<&BTreeMap<ServiceName, OtherProgram>> {
    let facts = rows.first().into_iter().flat_map(|row| &row.facts);
    let mut noted = facts.filter_map(|fact| match fact {
        Fact::DeploymentStarted { programs, .. } => programs.as_ref(),
        _ => None,
    });
    noted.next()
}
