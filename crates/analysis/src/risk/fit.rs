//! Logistic regression with a normal prior on each coefficient: the most likely coefficients, and how
//! far they can be off (Laplace's approximation).

use serde::{Deserialize, Serialize};

use super::solve::Factor;

/// Newton's steps at most; a handful is enough, as there is one summit only.
const STEPS: usize = 50;

/// A step that is smaller changes nothing any more.
const STILL: f64 = 1e-13;

/// Halvings of a step that would go downhill.
const HALVINGS: usize = 20;

/// What is believed of a coefficient before anything was seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// Its mean.
    pub mean: f64,
    /// One over its variance.
    pub precision: f64,
}

/// One deployment of the past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Its features, the first of them 1 for the intercept.
    pub features: Vec<f64>,
    /// Whether it failed.
    pub failed: bool,
    /// How much it counts: 1 when it was just now, less the older it is.
    pub weight: f64,
}

/// What was learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    /// The coefficients.
    pub coefficients: Vec<f64>,
    /// Their covariance.
    pub covariance: Vec<Vec<f64>>,
}

/// Between 0 and 1.
pub(crate) fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        x.exp() / (1.0 + x.exp())
    }
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// How likely a deployment with these features is to fail.
pub fn probability(coefficients: &[f64], features: &[f64]) -> f64 {
    logistic(dot(coefficients, features))
}

/// The most likely coefficients after this history. Without one they are the prior's means.
pub fn fit(history: &[History], prior: &[Prior]) -> Fitted {
    let mut at: Vec<f64> = prior.iter().map(|prior| prior.mean).collect();
    for _ in 0..STEPS {
        let (slope, curvature) = slope_and_curvature(history, prior, &at);
        let Some(factor) = Factor::of(&curvature) else {
            break;
        };
        let step = factor.solve(&slope);
        let before = height(history, prior, &at);
        let mut part = 1.0;
        for _ in 0..HALVINGS {
            if height(history, prior, &moved(&at, &step, part)) >= before - STILL {
                break;
            }
            part /= 2.0;
        }
        at = moved(&at, &step, part);
        if step.iter().all(|step| step.abs() < STILL) {
            break;
        }
    }
    let (_, curvature) = slope_and_curvature(history, prior, &at);
    Fitted {
        covariance: inverse(&curvature),
        coefficients: at,
    }
}

fn moved(at: &[f64], step: &[f64], part: f64) -> Vec<f64> {
    at.iter()
        .zip(step)
        .map(|(at, step)| at + part * step)
        .collect()
}

/// The log of the posterior, up to a constant.
fn height(history: &[History], prior: &[Prior], at: &[f64]) -> f64 {
    let seen = history.iter().map(|past| {
        let x = dot(&past.features, at);
        let toward = if past.failed { x } else { -x };
        -past.weight * ((-toward.abs()).exp().ln_1p() + (-toward).max(0.0))
    });
    let believed = prior
        .iter()
        .zip(at)
        .map(|(prior, at)| -0.5 * prior.precision * (at - prior.mean).powi(2));
    seen.sum::<f64>() + believed.sum::<f64>()
}

fn slope_and_curvature(
    history: &[History],
    prior: &[Prior],
    at: &[f64],
) -> (Vec<f64>, Vec<Vec<f64>>) {
    let size = prior.len();
    let mut slope: Vec<f64> = prior
        .iter()
        .zip(at)
        .map(|(prior, at)| -prior.precision * (at - prior.mean))
        .collect();
    let mut curvature = vec![vec![0.0; size]; size];
    for (i, prior) in prior.iter().enumerate() {
        curvature[i][i] = prior.precision;
    }
    for past in history {
        let p = logistic(dot(&past.features, at));
        let failed = if past.failed { 1.0 } else { 0.0 };
        for (i, x) in past.features.iter().enumerate().take(size) {
            slope[i] += past.weight * x * (failed - p);
            for (j, y) in past.features.iter().enumerate().take(size) {
                curvature[i][j] += past.weight * x * y * p * (1.0 - p);
            }
        }
    }
    (slope, curvature)
}

/// Infinite on the diagonal where there is none, which a prior above zero rules out.
fn inverse(matrix: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let unit = |i: usize| {
        let mut unit = vec![0.0; matrix.len()];
        unit[i] = 1.0;
        unit
    };
    match Factor::of(matrix) {
        Some(factor) => (0..matrix.len()).map(|i| factor.solve(&unit(i))).collect(),
        None => (0..matrix.len())
            .map(|i| unit(i).iter().map(|at| at * f64::INFINITY).collect())
            .collect(),
    }
}
