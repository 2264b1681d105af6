//! One metric: is the experiment high, low, or alike?

use serde::{Deserialize, Serialize};

use super::ranks::{difference, ranks};
use super::spread::spread;
use crate::numbers::percentile::percentile;
use crate::numbers::real::length;
use crate::numbers::sum::mean;

/// The confidence of the interval of each metric.
pub const CONFIDENCE: f64 = 0.98;

/// The part of the estimate that an interval must clear.
const TOLERANCE: f64 = 0.25;

/// Which changes matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// Only upwards.
    Increase,
    /// Only downwards.
    Decrease,
    /// Both.
    #[default]
    Either,
}

/// What a missing value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Missing {
    /// Nothing.
    #[default]
    Remove,
    /// Zero.
    Replace,
}

/// What is done with values far out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outliers {
    /// They stay.
    #[default]
    Keep,
    /// They go, beyond this many times the distance of the quartiles, and never inside P1 to P99.
    Remove(f64),
}

/// How the size of a change is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// The ratio of the means; 1 is no change.
    #[default]
    MeanRatio,
    /// The chance that a value of the experiment is above one of the control; 0.5 is no change.
    Cles,
}

impl Effect {
    const fn none(self) -> f64 {
        match self {
            Self::MeanRatio => 1.0,
            Self::Cles => 0.5,
        }
    }

    /// No number where a mean is zero.
    fn of(self, experiment: &[f64], control: &[f64]) -> f64 {
        match self {
            Self::MeanRatio => {
                let (above, below) = (mean(experiment), mean(control));
                if above == 0.0 || below == 0.0 {
                    return f64::NAN;
                }
                above / below
            }
            Self::Cles => {
                let (m, n) = (length(experiment.len()), length(control.len()));
                let both: Vec<f64> = experiment.iter().chain(control).copied().collect();
                let of_experiment: f64 = ranks(&both).iter().take(experiment.len()).sum();
                (2.0 * of_experiment - m * (m + 1.0)) / (2.0 * n * m)
            }
        }
    }
}

/// How one metric is judged. What is not given is Kayenta's default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metric {
    /// Which changes matter.
    pub direction: Direction,
    /// What a missing value is.
    pub missing: Missing,
    /// What is done with values far out.
    pub outliers: Outliers,
    /// How the size of a change is measured.
    pub effect: Effect,
    /// Effects below the first and above the second count; else any.
    pub allowed: (Option<f64>, Option<f64>),
    /// Whether a failure of this metric fails the whole.
    pub critical: bool,
    /// Effects from which on a failure is critical; else any.
    pub critical_effects: (Option<f64>, Option<f64>),
    /// Whether the lack of data is a failure.
    pub must_have_data: bool,
}

/// What came of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Class {
    /// Alike.
    Pass,
    /// The experiment is above.
    High,
    /// The experiment is below.
    Low,
    /// There is nothing to judge.
    Nodata,
    /// There is nothing to judge, and there had to be.
    NodataFailMetric,
}

/// A class, and whether it fails the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// What came of the metric.
    pub class: Class,
    /// Whether that fails the whole.
    pub critical: bool,
}

impl Judgement {
    const PASS: Self = Self {
        class: Class::Pass,
        critical: false,
    };
}

impl Metric {
    /// Judges two series of values per interval; a missing value is no number.
    pub fn judge(&self, experiment: &[f64], control: &[f64]) -> Judgement {
        let (mut experiment, mut control) = (self.prepared(experiment), self.prepared(control));
        if experiment.is_empty() || control.is_empty() {
            return self.without_data();
        }
        let alike = sorted(&experiment) == sorted(&control);
        if alike {
            return Judgement::PASS;
        }
        if constant(&experiment) && constant(&control) {
            spread(&mut experiment, 1);
            spread(&mut control, 2);
        }
        self.compare(&experiment, &control)
    }

    fn prepared(&self, values: &[f64]) -> Vec<f64> {
        let values: Vec<f64> = match self.missing {
            Missing::Remove => values.iter().copied().filter(|v| !v.is_nan()).collect(),
            Missing::Replace => {
                let zero = |v: &f64| if v.is_nan() { 0.0 } else { *v };
                values.iter().map(zero).collect()
            }
        };
        match self.outliers {
            Outliers::Keep => values,
            Outliers::Remove(factor) => without_outliers(values, factor),
        }
    }

    fn without_data(&self) -> Judgement {
        match self.missing {
            Missing::Replace => Judgement::PASS,
            Missing::Remove if self.must_have_data && !self.critical => Judgement {
                class: Class::NodataFailMetric,
                critical: false,
            },
            Missing::Remove => Judgement {
                class: Class::Nodata,
                critical: self.critical,
            },
        }
    }

    fn compare(&self, experiment: &[f64], control: &[f64]) -> Judgement {
        let found = difference(experiment, control, CONFIDENCE);
        let tolerated = TOLERANCE * found.estimate.abs();
        let effect = self.effect.of(experiment, control);
        let none = self.effect.none();
        // An effect that is no number counts as beyond any.
        let above = |limit: Option<f64>| effect.is_nan() || effect >= limit.unwrap_or(none);
        let below = |limit: Option<f64>| effect.is_nan() || effect <= limit.unwrap_or(none);
        let (up, down) = match self.direction {
            Direction::Increase => (true, false),
            Direction::Decrease => (false, true),
            Direction::Either => (true, true),
        };
        if up && found.low > tolerated && above(self.allowed.1) {
            return Judgement {
                class: Class::High,
                critical: self.critical && above(self.critical_effects.1),
            };
        }
        if down && found.high < -tolerated && below(self.allowed.0) {
            return Judgement {
                class: Class::Low,
                critical: self.critical && below(self.critical_effects.0),
            };
        }
        Judgement::PASS
    }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn constant(values: &[f64]) -> bool {
    values.iter().all(|value| Some(value) == values.first())
}

fn without_outliers(values: Vec<f64>, factor: f64) -> Vec<f64> {
    let sorted = sorted(&values);
    let at = |p| percentile(&sorted, p).unwrap_or(f64::NAN);
    let (q1, q3) = (at(25.0), at(75.0));
    let reach = factor * (q3 - q1);
    let (low, high) = (at(1.0).min(q1 - reach), at(99.0).max(q3 + reach));
    values
        .into_iter()
        .filter(|v| *v >= low && *v <= high)
        .collect()
}
