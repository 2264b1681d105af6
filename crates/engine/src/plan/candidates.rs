//! What a service may go back to.

use windlass_model::{Promoted, ServiceState};

/// The releases that a rollback may go to, newest first: all that were promoted, without the one
/// that is stable. Those in [`ServiceState::rolled_back`] are among them, for a person who names one.
pub fn candidates(state: &ServiceState) -> Vec<&Promoted> {
    let stable = state.stable.as_ref().map(|slot| &slot.release.identity);
    state
        .promoted
        .iter()
        .filter(|known| Some(&known.release.identity) != stable)
        .collect()
}

/// The newest of [`candidates`] that nobody has rolled back from.
pub fn last_good(state: &ServiceState) -> Option<&Promoted> {
    candidates(state)
        .into_iter()
        .find(|known| !state.rolled_back.contains(&known.release))
}
