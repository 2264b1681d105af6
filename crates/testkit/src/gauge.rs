//! What checks of the health score find.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use async_trait::async_trait;
use windlass_edge::{Clock as _, EdgeError, Gauge, Given, Measuring};
use windlass_model::{Measure, Millis, PlanId, Reading};

use crate::time::{FakeClock, WorldTime};

/// Files and commands of a world: they say what a test has put there, and nothing before that. What was
/// kept for commands outlives a controller, as a disk does.
#[derive(Clone, Debug, Default)]
pub struct FakeGauge {
    time: Rc<WorldTime>,
    reading: Rc<RefCell<Option<Reading>>>,
    takes: Rc<Cell<Millis>>,
    measured: Rc<Cell<u32>>,
    given: Rc<RefCell<BTreeMap<PlanId, BTreeMap<String, String>>>>,
    seen: Rc<RefCell<Vec<BTreeMap<String, String>>>>,
}

impl FakeGauge {
    /// Nothing is there yet.
    pub fn new(time: &Rc<WorldTime>) -> Self {
        Self {
            time: Rc::clone(time),
            ..Self::default()
        }
    }

    /// From now on every file and command says this.
    pub fn says(&self, reading: Reading) {
        *self.reading.borrow_mut() = Some(reading);
    }

    /// From now on every file and command says this number.
    pub fn is(&self, value: f64) {
        self.says(Reading::Value {
            value: Measure::nearest(value),
            saw: format!("it says {value}"),
            at_us: self.time.calendar_us(),
        });
    }

    /// From now on there is no data.
    pub fn is_gone(&self) {
        *self.reading.borrow_mut() = None;
    }

    /// From now on measuring takes so long.
    pub fn takes(&self, time: Millis) {
        self.takes.set(time);
    }

    /// How often something was measured.
    pub fn measured(&self) -> u32 {
        self.measured.get()
    }

    /// The values that commands were given, each time that something was measured.
    pub fn values_seen(&self) -> Vec<BTreeMap<String, String>> {
        self.seen.borrow().clone()
    }
}

#[async_trait(?Send)]
impl Gauge for FakeGauge {
    async fn measure(&self, asked: &Measuring) -> Reading {
        self.measured.set(self.measured.get() + 1);
        self.seen.borrow_mut().push(asked.values.clone());
        let takes = self.takes.get();
        if takes > Millis::ZERO {
            FakeClock::new(&self.time).sleep(takes).await;
        }
        let said = self.reading.borrow().clone();
        said.unwrap_or_else(|| Reading::Missing("there is nothing".to_owned()))
    }

    async fn keep(&self, plan: &PlanId, given: &Given) -> Result<(), EdgeError> {
        let values = given.values.clone();
        self.given.borrow_mut().insert(plan.clone(), values);
        Ok(())
    }

    async fn kept(&self, plan: &PlanId) -> Result<Option<Given>, EdgeError> {
        let values = self.given.borrow().get(plan).cloned();
        Ok(values.map(|values| Given {
            surroundings: BTreeMap::new(),
            values,
        }))
    }

    async fn forget_all_but(&self, plans: &BTreeSet<PlanId>) -> Result<(), EdgeError> {
        self.given
            .borrow_mut()
            .retain(|plan, _| plans.contains(plan));
        Ok(())
    }
}
