//! How a deployment whose loop runs stands, as others ask.

use windlass_model::DeploymentState;

use crate::drive::Driven;
use crate::holder::Holder;

impl Driven {
    /// Whether it waits for a halt to be lifted, and for nobody else.
    pub(crate) fn is_halted(&self) -> bool {
        self.holder.borrow().as_ref().is_some_and(Holder::is_halt)
    }

    /// Whether all that is left to do is to measure the score after it: it makes room for whoever asks.
    pub(crate) fn is_over(&self) -> bool {
        self.now.borrow().scores.ending
    }

    /// Whether nothing of it moves any more without a person.
    pub(crate) fn is_stuck(&self) -> bool {
        self.now.borrow().state() == DeploymentState::Stuck
    }
}
