//! Whether the new releases of a plan run another program from PATH, or from another place outside of the folder,
//! than what serves: nobody has changed a file there, and wonders what is new.

use std::rc::Rc;

use futures_util::future::{Either, select};
use windlass_api::PlanView;
use windlass_model::{Millis, PlanKind};

use crate::controller::Shared;

/// Longest time that all of them are looked at. A disk that hangs holds up no plan.
const WITHIN: Millis = Millis::from_secs(2);

/// Adds to a plan that a person is shown which programs outside of the folder are others in its new releases. It
/// decides nothing, and what can't be read says nothing.
pub(crate) async fn looked_at(shared: &Rc<Shared>, mut view: PlanView) -> PlanView {
    if view.plan.kind != PlanKind::Deploy {
        return view;
    }
    let mut late = shared.border.clock.sleep(WITHIN);
    for (service, part) in &view.plan.rollouts {
        let Some(stable) = &part.stable else {
            continue;
        };
        let (was, now) = (&stable.release, &part.release);
        if was.identity == now.identity {
            continue;
        }
        match select(shared.border.target.other_program(was, now), &mut late).await {
            Either::Left((Ok(Some(other)), _)) => {
                view.programs.insert(service.clone(), other);
            }
            Either::Left((Ok(None) | Err(_), _)) => {}
            Either::Right(_) => break,
        }
    }
    view
}
