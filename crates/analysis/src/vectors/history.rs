//! Change points.

use serde::Deserialize;
use serde_json::Value;

use super::report::Block;
use super::tally::Tally;
use crate::history::{Settings, candidate, changes as found_changes};

#[derive(Deserialize)]
struct Series {
    #[serde(rename = "series")]
    values: Vec<f64>,
    index: Vec<usize>,
    p: Vec<f64>,
    mean_before: Vec<f64>,
    mean_after: Vec<f64>,
    first_candidate: usize,
    first_qhat: f64,
}

pub(super) fn changes(name: &str, block: &Value) -> Block {
    Tally::run(name, block, |tally, case: Series| {
        if let Some(first) = candidate(&case.values) {
            tally.same("first_candidate", &first.index, &case.first_candidate);
            tally.near("first_qhat", first.q, case.first_qhat);
        }
        let found = found_changes(&case.values, Settings::default());
        let index: Vec<usize> = found.iter().map(|change| change.index).collect();
        tally.same("index", &index, &case.index);
        let figures =
            |of: fn(&crate::history::Change) -> f64| -> Vec<f64> { found.iter().map(of).collect() };
        tally.all_near("p", &figures(|change| change.p), &case.p);
        tally.all_near(
            "mean_before",
            &figures(|change| change.before),
            &case.mean_before,
        );
        tally.all_near(
            "mean_after",
            &figures(|change| change.after),
            &case.mean_after,
        );
    })
}
