//! Whether the releases that a plan brings were left before: whoever deploys one again should know.

use std::rc::Rc;

use windlass_api::{PlanView, WentBack, WentBackView};
use windlass_edge::StoredDeployment;
use windlass_model::{
    Change, Digest, Fact, Outcome, Plan, PlanKind, ReturnReason, RolloutPlan, ServiceName,
};

use crate::controller::Shared;

/// Deployments that are looked back at, those of other environments among them: each is read whole.
const LOOKED_AT: u32 = 60;

/// Adds to a plan that a person is shown which of its new releases went back before, or were rolled back by
/// hand, and were neither promoted nor gone back to since. It decides nothing, and a past that can't be read says nothing.
pub(crate) async fn looked_at(shared: &Rc<Shared>, mut view: PlanView) -> PlanView {
    if view.plan.kind != PlanKind::Deploy || view.nothing_to_do {
        return view;
    }
    let Ok(past) = shared.border.store.deployments(LOOKED_AT).await else {
        return view;
    };
    let plan = &view.plan;
    let same = |it: &&StoredDeployment| {
        let of_it = &it.plan;
        of_it.app == plan.app && of_it.environment == plan.environment && it.ended_us.is_some()
    };
    let past: Vec<&StoredDeployment> = past.iter().filter(same).collect();
    let mut found = Vec::new();
    for (service, part) in plan.rollouts.iter().filter(|(_, part)| brings(part)) {
        let release = &part.release.identity;
        let names = [Some(service), plan.renames.get(service)];
        for name in names.into_iter().flatten() {
            if let Some(left) = last_left(shared, &past, (name, release)).await {
                found.push((service.clone(), left));
                break;
            }
        }
    }
    view.went_back.extend(found);
    view
}

/// Whether another release than what serves comes with it.
fn brings(part: &RolloutPlan) -> bool {
    match part.change {
        Change::First { .. } | Change::Beside { .. } | Change::InPlace { .. } => true,
        Change::Adjust { .. } | Change::Restore { .. } | Change::Remove => false,
    }
}

/// How the release was left last, unless it was promoted or gone back to after that. The newest comes first.
async fn last_left(
    shared: &Rc<Shared>,
    past: &[&StoredDeployment],
    (service, release): (&ServiceName, &Digest),
) -> Option<WentBackView> {
    for it in past {
        let Some(part) = it.plan.rollouts.get(service) else {
            continue;
        };
        // Also by a rollback: who chose it again has taken back what was held against it.
        let came = it.plan.kind != PlanKind::Remove && part.release.identity == *release;
        let stable = part.stable.as_ref().map(|slot| &slot.release);
        let went = it.plan.kind == PlanKind::Rollback
            && stable.is_some_and(|stable| stable.identity == *release);
        if !came && !went {
            continue;
        }
        let open = shared.border.store.deployment(&it.id).await.ok()??;
        let facts = open.entries.iter().flat_map(|row| &row.facts);
        match end(&it.plan, service, facts) {
            // Back to it, or on to it: it is as good as it was then.
            End::Promoted if came => return None,
            End::Promoted => {
                let by = it.by.clone();
                return Some(told(it, part, WentBack::ByHand { by }));
            }
            End::Returned(why) if came => {
                return Some(told(it, part, WentBack::BeforePromotion { why }));
            }
            // It says nothing of the release.
            End::Returned(_) | End::Other => {}
        }
    }
    None
}

fn told(it: &StoredDeployment, part: &RolloutPlan, how: WentBack) -> WentBackView {
    let left = match how {
        WentBack::ByHand { .. } => part.stable.as_ref().map(|slot| &slot.release),
        WentBack::BeforePromotion { .. } => None,
    };
    WentBackView {
        version: left.unwrap_or(&part.release).version.clone(),
        deployment: it.id.clone(),
        at_us: it.ended_us.unwrap_or(it.started_us),
        how,
    }
}

/// What one deployment came to for one of its services.
enum End {
    Promoted,
    Returned(ReturnReason),
    Other,
}

fn end<'f>(plan: &Plan, service: &ServiceName, facts: impl Iterator<Item = &'f Fact>) -> End {
    let mut why = None;
    for fact in facts {
        match fact {
            Fact::Promoted { services } if services.contains(service) => return End::Promoted,
            Fact::RolloutFailed {
                service: of,
                why: is,
            } if of == service => {
                why = Some(is.clone());
            }
            // Stuck, and given up: nobody knows what serves.
            Fact::Ended {
                outcome: Outcome::Abandoned,
            } => return End::Other,
            _ => {}
        }
    }
    match why {
        // Neither a newer one nor the fall of another says anything against it.
        Some(ReturnReason::Superseded { .. }) | None => End::Other,
        Some(why) if plan.kind == PlanKind::Deploy => End::Returned(why),
        Some(_) => End::Other,
    }
}
