//! The model of one service: from what is known of a deployment to a figure with its reasons.

use serde::{Deserialize, Serialize};

use super::fit::{Fitted, History, Prior, dot, fit, logistic};
use crate::numbers::real::length;

/// Spread of the prior on the intercept.
const INTERCEPT_SPREAD: f64 = 1.5;

/// Spread of the prior on each other coefficient.
const SPREAD: f64 = 0.5;

/// Failures and successes that every service is credited with before its first deployment.
const CREDIT: (f64, f64) = (1.0, 9.0);

/// Days after which a deployment counts half: what foretold failures a year ago hardly does now.
pub const HALF_LIFE_DAYS: f64 = 180.0;

/// Standard deviations to each side of an interval of 80 %.
const EIGHTY: f64 = 1.281_551_565_544_600_5;

/// What is expected of a feature before anything was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// More of it, more failures: size, a change of schema or configuration.
    Riskier,
    /// Much more: the deployment before failed.
    MuchRiskier,
    /// Nothing in particular.
    Unknown,
}

impl Expected {
    const fn mean(self) -> f64 {
        match self {
            Self::Riskier => 0.3,
            Self::MuchRiskier => 0.5,
            Self::Unknown => 0.0,
        }
    }
}

/// One feature. Its scale is frozen: it does not move with the history that is judged by it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// As people read it.
    pub name: String,
    /// What is expected of it.
    pub expected: Expected,
    /// Whether it spans orders of magnitude, as lines changed do: then `ln(1 + x)` is taken.
    pub skewed: bool,
    /// Its usual value, after that.
    pub usual: f64,
    /// Its usual spread, above zero.
    pub spread: f64,
}

impl Feature {
    fn standard(&self, value: f64) -> f64 {
        let value = if self.skewed {
            value.max(0.0).ln_1p()
        } else {
            value
        };
        (value - self.usual) / self.spread
    }
}

/// A deployment of the past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// One value per feature, as measured.
    pub values: Vec<f64>,
    /// Whether it failed.
    pub failed: bool,
    /// How long ago.
    pub days_ago: f64,
}

/// What one feature adds to the log of the odds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The feature.
    pub name: String,
    /// Above zero: riskier than usual.
    pub adds: f64,
}

/// How likely a deployment is to fail, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Risk {
    /// The chance.
    pub p: f64,
    /// 80 % of what the history leaves open lies between.
    pub between: (f64, f64),
    /// The strongest first.
    pub reasons: Vec<Reason>,
    /// Nothing was learned yet: this is what is expected of any service.
    pub prior_only: bool,
}

/// What was learned of a service; refitted on all its history at each deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    features: Vec<Feature>,
    fitted: Fitted,
    history: usize,
}

impl Model {
    /// Learns from this history.
    pub fn learn(features: Vec<Feature>, past: &[Past]) -> Self {
        let history: Vec<History> = past
            .iter()
            .map(|past| History {
                features: standardised(&features, &past.values),
                failed: past.failed,
                weight: 0.5_f64.powf(past.days_ago.max(0.0) / HALF_LIFE_DAYS),
            })
            .collect();
        Self {
            fitted: fit(&history, &priors(&features, base(past))),
            history: past.len(),
            features,
        }
    }

    /// The risk of a deployment with these values, one per feature.
    pub fn risk(&self, values: &[f64]) -> Risk {
        let features = standardised(&self.features, values);
        let odds = dot(&self.fitted.coefficients, &features);
        let spread: f64 = self
            .fitted
            .covariance
            .iter()
            .zip(&features)
            .map(|(row, value)| value * dot(row, &features))
            .sum();
        let reach = EIGHTY * spread.max(0.0).sqrt();
        let terms = self.fitted.coefficients.iter().zip(&features).skip(1);
        let mut reasons: Vec<Reason> = terms
            .zip(&self.features)
            .map(|((coefficient, value), feature)| Reason {
                name: feature.name.clone(),
                adds: coefficient * value,
            })
            .collect();
        reasons.sort_by(|a, b| b.adds.abs().total_cmp(&a.adds.abs()));
        Risk {
            p: logistic(odds),
            between: (logistic(odds - reach), logistic(odds + reach)),
            reasons,
            prior_only: self.history == 0,
        }
    }
}

/// The share of failures, with the credit.
pub(super) fn base(past: &[Past]) -> f64 {
    let failed = length(past.iter().filter(|past| past.failed).count());
    (failed + CREDIT.0) / (length(past.len()) + CREDIT.0 + CREDIT.1)
}

/// A value that is missing is the usual one.
fn standardised(features: &[Feature], values: &[f64]) -> Vec<f64> {
    let value = |(place, feature): (usize, &Feature)| {
        values
            .get(place)
            .map_or(0.0, |value| feature.standard(*value))
    };
    std::iter::once(1.0)
        .chain(features.iter().enumerate().map(value))
        .collect()
}

fn priors(features: &[Feature], base: f64) -> Vec<Prior> {
    let intercept = Prior {
        mean: (base / (1.0 - base)).ln(),
        precision: INTERCEPT_SPREAD.powi(-2),
    };
    let others = features.iter().map(|feature| Prior {
        mean: feature.expected.mean(),
        precision: SPREAD.powi(-2),
    });
    std::iter::once(intercept).chain(others).collect()
}
