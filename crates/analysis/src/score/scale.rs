//! From a value to what it is worth.

use windlass_model::{Measure, Scale};

/// What a full check is worth.
pub(super) const FULL: f64 = 100.0;

/// 0 to 100: a line from `bad` to `good`, cut beyond them. Less is better where `good` is the smaller one.
/// Ends that are the same, which no file can say, make nothing of every value.
pub(super) fn worth(scale: Scale, value: Measure) -> f64 {
    let (bad, good) = (f64::from(scale.bad), f64::from(scale.good));
    let share = (f64::from(value) - bad) / (good - bad);
    if share.is_finite() {
        share.clamp(0.0, 1.0) * FULL
    } else {
        0.0
    }
}
