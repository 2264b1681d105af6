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

/// What starts a router that runs alone: no controller does.
pub(crate) const START_ALONE: &str = "start it again by its file: windlass router --config FILE";

/// Whether the state directory is that of a router that runs alone, whether one runs or not.
pub(crate) fn is_of_one_alone(paths: &StatePaths) -> bool {
    let on_disk = windlass_router::look(&wire::router_state(paths)).ok();
    let table = on_disk.and_then(|on_disk| on_disk.table);
    table.is_some_and(|table| table.alone.is_some())
}
