//! Metrics, as somebody else measures them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use async_trait::async_trait;
use windlass_edge::{EdgeError, ErrorKind, MetricSource, Retry};
use windlass_model::{Access, Millis, PrometheusUrl};

use crate::time::pass;

/// How long an answer takes.
const ANSWER: Millis = Millis::from_millis(5);

/// Answers each query with the number that it was given, and every other with no data.
#[derive(Clone, Debug, Default)]
pub struct FakeMetrics(Rc<Kept>);

#[derive(Debug, Default)]
struct Kept {
    numbers: RefCell<BTreeMap<String, f64>>,
    asked: RefCell<Vec<String>>,
    is_out: Cell<bool>,
}

impl FakeMetrics {
    /// What this query is answered with from now on; no number is no data.
    pub fn set(&self, query: &str, number: Option<f64>) {
        let mut numbers = self.0.numbers.borrow_mut();
        match number {
            Some(number) => numbers.insert(query.to_owned(), number),
            None => numbers.remove(query),
        };
    }

    /// Whether it can't be asked from now on.
    pub fn break_down(&self, is_out: bool) {
        self.0.is_out.set(is_out);
    }

    /// All that was asked.
    pub fn asked(&self) -> Vec<String> {
        self.0.asked.borrow().clone()
    }
}

#[async_trait(?Send)]
impl MetricSource for FakeMetrics {
    async fn read(
        &self,
        _: &PrometheusUrl,
        _: &Access,
        query: &str,
    ) -> Result<Option<f64>, EdgeError> {
        pass(ANSWER).await;
        if self.0.is_out.get() {
            let what = "the metrics can't be asked for";
            return Err(EdgeError::new(ErrorKind::Unreachable, Retry::Now, what));
        }
        self.0.asked.borrow_mut().push(query.to_owned());
        Ok(self.0.numbers.borrow().get(query).copied())
    }
}
