//! A person's halt.

use windlass_model::{Halt, Lift};

/// Tells whether a person has halted every raise. Works, like lifting it, while no controller runs.
pub trait Brake {
    /// Who halted, if somebody did.
    fn halted(&self) -> Option<Halt>;

    /// The last halts that have ended, oldest first; at most [`LIFTS_MOST`](windlass_model::LIFTS_MOST).
    fn lifts(&self) -> Vec<Lift>;
}
