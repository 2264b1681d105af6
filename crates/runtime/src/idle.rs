//! The end of a controller that a command has started and nobody needs any more.

use std::cell::Cell;
use std::rc::Rc;

use windlass_model::Millis;

use crate::controller::Shared;

/// Work time without a request after which a controller that has nothing to care for ends.
pub const IDLE_FOR: Millis = Millis::from_secs(600);

/// Time between two looks.
const LOOK: Millis = Millis::from_secs(10);

/// When somebody last asked, and what follows of it.
#[derive(Default)]
pub(crate) struct Idle {
    /// Work time of the last request.
    asked: Cell<Millis>,
    /// Whether the controller ends once nobody needs it.
    ends: Cell<bool>,
}

/// Somebody asks, or something runs.
pub(crate) fn note_asked(shared: &Shared) {
    shared.idle.asked.set(shared.border.clock.work());
}

/// From now on it ends, and its router too, once nothing has run and nobody has asked for
/// [`IDLE_FOR`]. Commands that look start a controller, also after the last `down`; it must not stay
/// for ever.
pub(crate) fn end_when_idle(shared: &Rc<Shared>) {
    if shared.idle.ends.replace(true) {
        return;
    }
    let shared_too = Rc::clone(shared);
    shared.border.spawner.spawn(Box::pin(async move {
        while !shared_too.ending.get() {
            shared_too.border.clock.sleep(LOOK).await;
            if is_needed(&shared_too) {
                note_asked(&shared_too);
            }
            if is_idle(&shared_too) {
                end(&shared_too).await;
            }
        }
    }));
}

/// Whether anything runs that it cares for, or somebody listens to what happens.
fn is_needed(shared: &Shared) -> bool {
    // Of what runs it knows nothing then.
    if shared.lost.is_some() || shared.watchers.are_there() {
        return true;
    }
    let environments = shared.environments.borrow();
    let mut states = environments.values().flat_map(|e| e.services.values());
    environments.values().any(|e| e.lock.is_some())
        || states.any(windlass_model::ServiceState::runs)
}

fn is_idle(shared: &Shared) -> bool {
    let since = shared.border.clock.work().less(shared.idle.asked.get());
    since >= IDLE_FOR && !is_needed(shared)
}

/// Held to the end, as for the last `down`: what waits behind it is for the next controller.
async fn end(shared: &Rc<Shared>) {
    let _changing = shared.changing.lock().await;
    // Somebody may have asked while it waited.
    if !is_idle(shared) || serves(shared).await {
        return;
    }
    tracing::info!("nothing runs, and nobody has asked for {IDLE_FOR}: router and controller end");
    if let Err(error) = shared.border.router.shutdown().await {
        // It serves nothing; the next controller finds it.
        tracing::warn!("the router stays: {}", error.chain());
    }
    shared.end().await;
}

/// Whether the router has a route all the same: of whatever the journal knows nothing.
async fn serves(shared: &Rc<Shared>) -> bool {
    let observed = shared.border.router.observe().await;
    !observed.is_ok_and(|table| table.services.is_empty())
}
