//! What checks of the health score find.

use std::cell::RefCell;
use std::rc::Rc;

use async_trait::async_trait;
use windlass_edge::{Gauge, Measuring};
use windlass_model::Reading;

/// Files and commands of a world: they say what a test has put there, and nothing before that.
#[derive(Clone, Debug, Default)]
pub struct FakeGauge {
    reading: Rc<RefCell<Option<Reading>>>,
}

impl FakeGauge {
    /// From now on every file and command says this.
    pub fn says(&self, reading: Reading) {
        *self.reading.borrow_mut() = Some(reading);
    }
}

#[async_trait(?Send)]
impl Gauge for FakeGauge {
    async fn measure(&self, _asked: &Measuring) -> Reading {
        let said = self.reading.borrow().clone();
        said.unwrap_or_else(|| Reading::Missing("there is nothing".to_owned()))
    }
}
