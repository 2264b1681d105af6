//! A person's halt.

use std::cell::RefCell;
use std::rc::Rc;

use windlass_edge::Brake;
use windlass_model::Halt;

/// Halts when told to.
#[derive(Clone, Debug, Default)]
pub struct FakeBrake(Rc<RefCell<Option<Halt>>>);

impl FakeBrake {
    /// From now on nothing may be raised.
    pub fn halt(&self, by: &str) {
        let by = by.to_owned();
        *self.0.borrow_mut() = Some(Halt { by, since_us: 0 });
    }

    /// Everything may be raised again.
    pub fn lift(&self) {
        *self.0.borrow_mut() = None;
    }
}

impl Brake for FakeBrake {
    fn halted(&self) -> Option<Halt> {
        self.0.borrow().clone()
    }
}
