//! What keeps a deployment from going on, told to whoever it is in the way of.

use windlass_model::{DeploymentId, DeploymentState, Millis};

use crate::controller::Shared;
use crate::drive::Driven;

/// Who or what keeps a deployment from going on until a person acts, and how it goes on then.
pub(crate) fn waits_for(
    shared: &Shared,
    driven: &Driven,
    id: &DeploymentId,
) -> Option<(String, String)> {
    if driven.now.borrow().state() != DeploymentState::Held {
        return None;
    }
    let resume = format!("let it go on: windlass resume {id}");
    let Some(holder) = driven.holder.borrow().clone() else {
        let who = "a score gate holds it".to_owned();
        return Some((
            who,
            format!("see what it lacks: windlass show {id}; {resume}"),
        ));
    };
    let now = shared.border.clock.calendar_us();
    let spent = u64::try_from(now.saturating_sub(holder.since_us)).unwrap_or_default();
    let spent = Millis::from_secs(spent / 1_000_000);
    let halt = shared.border.brake.halted().filter(|_| holder.is_halt());
    let why = halt.and_then(|halt| halt.why).or(holder.why.clone());
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    let end = if holder.is_halt() {
        "it goes on by itself after: windlass halt --lift".to_owned()
    } else {
        resume
    };
    Some((format!("{} has held it for {spent}{why}", holder.by), end))
}
