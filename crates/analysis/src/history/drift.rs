//! Slow drift: each step is within tolerance, the sum of them is not.

use serde::{Deserialize, Serialize};

/// How many deployments ago the figures of record are.
pub const BACK: [usize; 2] = [10, 50];

/// The latest figure beside one of long ago.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// How many deployments ago.
    pub back: usize,
    /// The figure then.
    pub then: f64,
    /// The figure now.
    pub now: f64,
}

impl Drift {
    /// How many times it is what it was.
    pub fn times(self) -> f64 {
        self.now / self.then
    }
}

/// The drifts beyond a tolerance that is applied once, not once per deployment: 0.1 is a tenth up or
/// down. The series is in order of time, one figure per deployment, above zero.
pub fn drifts(series: &[f64], tolerance: f64) -> Vec<Drift> {
    let far = |drift: &Drift| drift.times().ln().abs() > tolerance.ln_1p();
    let drift = |back: usize| {
        let last = series.len().checked_sub(1)?;
        Some(Drift {
            back,
            then: *series.get(last.checked_sub(back)?)?,
            now: *series.get(last)?,
        })
    };
    let positive = |drift: &Drift| drift.then > 0.0 && drift.now > 0.0;
    BACK.into_iter()
        .filter_map(drift)
        .filter(positive)
        .filter(far)
        .collect()
}
