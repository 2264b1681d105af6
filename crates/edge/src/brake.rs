//! A person's halt.

use windlass_model::Halt;

/// Tells whether a person has halted every raise. Works, like lifting it, while no controller runs.
pub trait Brake {
    /// Who halted, if somebody did.
    fn halted(&self) -> Option<Halt>;
}
