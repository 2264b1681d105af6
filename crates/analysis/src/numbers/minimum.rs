//! Where a function with one valley is lowest.

/// Steps of the golden section: each keeps 62 % of the interval.
const STEPS: usize = 90;

/// The lowest point of `f` between `low` and `high`.
pub(crate) fn lowest(low: f64, high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let keep = (5_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (low, high);
    let (mut left, mut right) = (high - keep * (high - low), low + keep * (high - low));
    let (mut at_left, mut at_right) = (f(left), f(right));
    for _ in 0..STEPS {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - keep * (high - low);
            at_left = f(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + keep * (high - low);
            at_right = f(right);
        }
    }
    f64::midpoint(low, high)
}
