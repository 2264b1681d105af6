//! The risk model, percentiles, and Wald's limits.

use serde::Deserialize;
use serde_json::Value;

use super::report::Block;
use super::tally::Tally;
use crate::numbers::percentile;
use crate::numbers::special::divergence;
use crate::risk::{History, Prior, fit, probability};

#[derive(Deserialize)]
struct Fit {
    #[serde(rename = "X")]
    x: Vec<Vec<f64>>,
    y: Vec<f64>,
    prior_mean: Vec<f64>,
    prior_precision: Vec<f64>,
    beta: Vec<f64>,
    laplace_sd: Vec<f64>,
    p_first_row: f64,
    p_no_history_first_row: f64,
}

pub(super) fn risk(name: &str, block: &Value) -> Block {
    Tally::run(name, block, |tally, case: Fit| {
        let history: Vec<History> = case
            .x
            .iter()
            .zip(&case.y)
            .map(|(features, failed)| History {
                features: features.clone(),
                failed: *failed > 0.5,
                weight: 1.0,
            })
            .collect();
        let prior: Vec<Prior> = case
            .prior_mean
            .iter()
            .zip(&case.prior_precision)
            .map(|(&mean, &precision)| Prior { mean, precision })
            .collect();
        let fitted = fit(&history, &prior);
        tally.all_near("beta", &fitted.coefficients, &case.beta);
        let deviations: Vec<f64> = (0..prior.len())
            .map(|i| fitted.covariance[i][i].sqrt())
            .collect();
        tally.all_near("laplace_sd", &deviations, &case.laplace_sd);
        let first = case.x.first().map_or(&[][..], Vec::as_slice);
        tally.near(
            "p_first_row",
            probability(&fitted.coefficients, first),
            case.p_first_row,
        );
        let before = fit(&[], &prior);
        let p = probability(&before.coefficients, first);
        tally.near("p_no_history_first_row", p, case.p_no_history_first_row);
    })
}

#[derive(Deserialize)]
struct Percentiles {
    x: Vec<f64>,
    p: Vec<f64>,
    v: Vec<f64>,
}

pub(super) fn percentiles(name: &str, block: &Value) -> Block {
    Tally::run(name, block, |tally, mut case: Percentiles| {
        case.x.sort_by(f64::total_cmp);
        let found: Vec<f64> = case
            .p
            .iter()
            .filter_map(|p| percentile(&case.x, *p))
            .collect();
        tally.all_near("v", &found, &case.v);
    })
}

#[derive(Deserialize)]
struct Wald {
    p0: f64,
    p1: f64,
    kl: f64,
    power_one_bound_alpha01: f64,
}

pub(super) fn wald(name: &str, block: &Value) -> Block {
    Tally::run(name, block, |tally, case: Wald| {
        let each = divergence(case.p1, case.p0);
        tally.near("kl", each, case.kl);
        let bound = 100_f64.ln() / each;
        tally.near(
            "power_one_bound_alpha01",
            bound,
            case.power_one_bound_alpha01,
        );
    })
}
