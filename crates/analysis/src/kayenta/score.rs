//! All metrics of a canary as one score.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::classify::{Class, Judgement};
use crate::numbers::real::length;

/// A metric that was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scored {
    /// The groups it counts in.
    pub groups: Vec<String>,
    /// What came of it.
    pub judgement: Judgement,
    /// Whether it is left out.
    pub muted: bool,
}

/// The end of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// At or above the first limit.
    Pass,
    /// At or above the second.
    Marginal,
    /// Below both.
    Fail,
}

/// Scores from which on a canary passes, or is at least marginal; 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// It passes.
    pub pass: f64,
    /// It is marginal.
    pub marginal: f64,
}

/// Metrics without data, as a share of a hundred, from which on nothing is judged.
const MOST_WITHOUT_DATA: f64 = 50.0;

impl Limits {
    /// What a score means.
    pub fn verdict(self, score: f64) -> Verdict {
        if score >= self.pass {
            Verdict::Pass
        } else if score >= self.marginal {
            Verdict::Marginal
        } else {
            Verdict::Fail
        }
    }
}

/// The score, 0 to 100 with two digits. Groups without a weight share what the others leave.
pub fn score(metrics: &[Scored], weights: &BTreeMap<String, f64>) -> f64 {
    let heard: Vec<&Scored> = metrics.iter().filter(|metric| !metric.muted).collect();
    let fatal = |m: &&Scored| m.judgement.critical && m.judgement.class != Class::Pass;
    let silent = heard.iter().filter(|m| m.judgement.class == Class::Nodata);
    let without = 100.0 * length(silent.count());
    if heard.iter().any(fatal) || without >= MOST_WITHOUT_DATA * length(heard.len()) {
        return 0.0;
    }
    let mut groups: BTreeMap<&str, Vec<Class>> = BTreeMap::new();
    for metric in heard {
        for group in &metric.groups {
            let classes = groups.entry(group).or_default();
            classes.push(metric.judgement.class);
        }
    }
    let unlisted = groups.keys().filter(|name| !weights.contains_key(**name));
    let rest = (100.0 - weights.values().sum::<f64>()) / length(unlisted.count()).max(1.0);
    let total: f64 = groups
        .iter()
        .map(|(name, classes)| of_group(classes) * weights.get(*name).unwrap_or(&rest) / 100.0)
        .sum();
    // A sum that is a hair below half a digit was half a digit.
    ((total + 1e-12) * 100.0).round() / 100.0
}

/// A group without any data scores 100: Kayenta's quirk.
fn of_group(classes: &[Class]) -> f64 {
    let judged = classes.iter().filter(|class| **class != Class::Nodata);
    let passed = classes.iter().filter(|class| **class == Class::Pass);
    match judged.count() {
        0 => 100.0,
        judged => 100.0 * length(passed.count()) / length(judged),
    }
}
