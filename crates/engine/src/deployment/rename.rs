//! The names of services, which change in the router before anything else moves.
//!
//! An abort does not stop that: the router may have taken them already, and the same split under
//! another name goes back as well as forward.

use windlass_model::Fact;

use super::state::{Action, Course, Deployment, Names};
use super::step::Turn;

/// What the router is asked for, as long as it is: not before the score lets it begin, or it is called off.
pub(super) fn asked(deployment: &Deployment) -> Option<Action> {
    let waits = match deployment.course {
        Course::Forward | Course::Promoting => deployment.awaits_score(),
        Course::Promoted | Course::Returning | Course::Ended(_) => false,
    };
    let changing = deployment.names == Names::Changing && !waits;
    changing.then(|| Action::Rename(deployment.plan.renames.clone()))
}

/// What was given up is asked for once more.
pub(super) fn again(turn: &mut Turn) {
    if matches!(turn.deployment.names, Names::Stuck(_)) {
        turn.deployment.names = Names::Changing;
    }
}

pub(super) fn known(turn: &mut Turn) {
    if turn.deployment.names != Names::Changing {
        return;
    }
    turn.deployment.names = Names::Known;
    for (service, from) in &turn.deployment.plan.renames {
        turn.facts.push(Fact::Renamed {
            service: service.clone(),
            from: from.clone(),
        });
    }
}

pub(super) fn failed(turn: &mut Turn, saw: &str) {
    if turn.deployment.names != Names::Changing {
        return;
    }
    turn.deployment.names = Names::Stuck(saw.to_owned());
    for (service, from) in &turn.deployment.plan.renames {
        turn.facts.push(Fact::RenameFailed {
            service: service.clone(),
            from: from.clone(),
            saw: saw.to_owned(),
        });
    }
}
