//! A person's halt.

use std::cell::RefCell;
use std::rc::Rc;

use windlass_edge::Brake;
use windlass_model::{Halt, LIFTS_MOST, Lift};

/// Halts when told to.
#[derive(Clone, Debug, Default)]
pub struct FakeBrake(Rc<RefCell<Kept>>);

/// What would lie in the state directory.
#[derive(Debug, Default)]
struct Kept {
    halt: Option<Halt>,
    lifts: Vec<Lift>,
    /// The last moment: each has its own.
    moment_us: i64,
}

impl Kept {
    fn moment(&mut self) -> i64 {
        self.moment_us += 1;
        self.moment_us
    }
}

impl FakeBrake {
    /// From now on nothing may be raised.
    pub fn halt(&self, by: &str) {
        let mut kept = self.0.borrow_mut();
        let since_us = kept.moment();
        kept.halt = Some(Halt {
            by: by.to_owned(),
            since_us,
            why: None,
        });
    }

    /// Everything may be raised again: "lifter" says so.
    pub fn lift(&self) {
        let mut kept = self.0.borrow_mut();
        let Some(was) = kept.halt.take() else {
            return;
        };
        let lift = Lift {
            by: "lifter".to_owned(),
            at_us: kept.moment(),
            why: None,
            was,
        };
        if kept.lifts.len() == LIFTS_MOST {
            kept.lifts.remove(0);
        }
        kept.lifts.push(lift);
    }
}

impl Brake for FakeBrake {
    fn halted(&self) -> Option<Halt> {
        self.0.borrow().halt.clone()
    }

    fn lifts(&self) -> Vec<Lift> {
        self.0.borrow().lifts.clone()
    }
}
