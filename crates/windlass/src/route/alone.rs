//! A router that runs without a controller.

use windlass_client::{ControllerLock, Holder, StatePaths, is_stopped};
use windlass_control::ObservedTable;

use super::Link;
use crate::wire;

/// What the router of a state directory serves if it runs alone, by a file of its own; none where a
/// controller runs, or no router that answers.
pub(crate) fn alone(paths: &StatePaths) -> Option<ObservedTable> {
    let has_controller = ControllerLock::holder(paths) != Holder::Nobody;
    // One that is stopped takes in the question, and nobody answers it.
    let holder = windlass_router::holder(&wire::router_state(paths));
    if has_controller || holder.is_none_or(is_stopped) {
        return None;
    }
    let table = Link::reach(paths).ok()?.observe().ok()?;
    table.alone.then_some(table)
}
