//! The judge of batches.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::report::Block;
use super::tally::Tally;
use crate::kayenta::classify::CONFIDENCE;
use crate::kayenta::score::{Limits, score};
use crate::kayenta::{
    Class, Direction, Effect, Judgement, Metric, Missing, Outliers, Scored, Verdict, difference,
    rank_test,
};

#[derive(Deserialize)]
struct Judged {
    experiment: Vec<Option<f64>>,
    control: Vec<Option<f64>>,
    #[serde(default)]
    config: Config,
    ci98: Option<[f64; 3]>,
    #[serde(rename = "mannwhitney_U")]
    u: Option<f64>,
    #[serde(rename = "mannwhitney_p")]
    p: Option<f64>,
    classification: Class,
    critical_failure: bool,
}

type Pair = (Option<f64>, Option<f64>);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    direction: Direction,
    nan: Missing,
    critical: bool,
    must: bool,
    measure: Effect,
    allowed: Pair,
    crit: Pair,
    outliers: Option<String>,
    factor: Option<f64>,
}

/// How far out a value must be, in distances of the quartiles.
const FACTOR: f64 = 3.0;

impl Config {
    fn metric(&self) -> Metric {
        let outliers = match self.outliers.as_deref() {
            Some("remove") => Outliers::Remove(self.factor.unwrap_or(FACTOR)),
            Some(_) | None => Outliers::Keep,
        };
        Metric {
            direction: self.direction,
            missing: self.nan,
            outliers,
            effect: self.measure,
            allowed: self.allowed,
            critical: self.critical,
            critical_effects: self.crit,
            must_have_data: self.must,
        }
    }
}

/// Interval ends, where the file states no tolerance for them.
const ENDS: f64 = 5e-3;

pub(super) fn classes(name: &str, block: &Value) -> Block {
    let stated = block.get("ci_abs_tol").and_then(Value::as_f64);
    let ends = stated.unwrap_or(ENDS);
    Tally::run(name, block, |tally, case: Judged| {
        let figures = |series: &[Option<f64>]| -> Vec<f64> {
            series.iter().map(|v| v.unwrap_or(f64::NAN)).collect()
        };
        let (experiment, control) = (figures(&case.experiment), figures(&case.control));
        if let Some(wanted) = case.ci98 {
            let found = difference(&experiment, &control, CONFIDENCE);
            for (found, wanted) in [found.low, found.high, found.estimate]
                .into_iter()
                .zip(wanted)
            {
                tally.within("ci98", ends, (found, wanted));
            }
        }
        let test = rank_test(&experiment, &control);
        if let Some(u) = case.u {
            tally.near("mannwhitney_U", test.u, u);
        }
        if let Some(p) = case.p {
            tally.near("mannwhitney_p", test.p, p);
        }
        let found = case.config.metric().judge(&experiment, &control);
        tally.same("classification", &found.class, &case.classification);
        tally.same("critical_failure", &found.critical, &case.critical_failure);
    })
}

#[derive(Deserialize)]
struct Scores {
    results: Vec<Outcome>,
    group_weights: BTreeMap<String, f64>,
    pass: f64,
    marginal: f64,
    score: f64,
    verdict: Verdict,
}

#[derive(Deserialize)]
struct Outcome {
    groups: Vec<String>,
    cls: Class,
    critical: bool,
    #[serde(default)]
    muted: bool,
}

impl From<Outcome> for Scored {
    fn from(outcome: Outcome) -> Self {
        Self {
            groups: outcome.groups,
            judgement: Judgement {
                class: outcome.cls,
                critical: outcome.critical,
            },
            muted: outcome.muted,
        }
    }
}

pub(super) fn scores(name: &str, block: &Value) -> Block {
    Tally::run(name, block, |tally, case: Scores| {
        let metrics: Vec<Scored> = case.results.into_iter().map(Scored::from).collect();
        let found = score(&metrics, &case.group_weights);
        tally.near("score", found, case.score);
        let limits = Limits {
            pass: case.pass,
            marginal: case.marginal,
        };
        tally.same("verdict", &limits.verdict(found), &case.verdict);
    })
}
