//! Where a function passes zero.

/// Halvings: enough for every digit of a figure.
const HALVINGS: usize = 120;

/// The point between `low` and `high` where `f` changes its sign, by halving. The caller knows that
/// it does; otherwise one of the ends comes back.
pub(crate) fn halving(low: f64, high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (low, high);
    let rising = f(low) < 0.0;
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if (f(middle) < 0.0) == rising {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// Steps of [`brent`] at most.
const STEPS: usize = 200;

/// Brent's method (1973, chapter 4): as [`halving`], by inverse interpolation where that is faster.
///
/// On a function that is zero over a whole interval the two methods end at different points of it;
/// this one is where the reference of the batch judge ends.
pub(crate) fn brent(low: f64, high: f64, tolerance: f64, f: impl Fn(f64) -> f64) -> f64 {
    let mut search = Brent::begin(low, high, &f);
    for _ in 0..STEPS {
        if search.bracket(tolerance) {
            break;
        }
        search.step(tolerance, &f);
    }
    search.now.at
}

/// A point and the function there.
#[derive(Clone, Copy)]
struct Point {
    at: f64,
    value: f64,
}

/// `now` is the best point, `before` the one before it, and the root lies between `now` and `other`.
struct Brent {
    before: Point,
    now: Point,
    other: Point,
    last_step: f64,
    step: f64,
}

impl Brent {
    fn begin(low: f64, high: f64, f: &impl Fn(f64) -> f64) -> Self {
        let point = |at| Point { at, value: f(at) };
        let (before, now) = (point(low), point(high));
        let (now, before) = if before.value == 0.0 {
            (before, now)
        } else {
            (now, before)
        };
        Self {
            before,
            now,
            other: before,
            last_step: 0.0,
            step: 0.0,
        }
    }

    /// Puts the best point in front; whether it is good enough.
    fn bracket(&mut self, tolerance: f64) -> bool {
        if self.now.value == 0.0 {
            return true;
        }
        if self.before.value != 0.0 && (self.before.value < 0.0) != (self.now.value < 0.0) {
            self.other = self.before;
            self.step = self.now.at - self.before.at;
            self.last_step = self.step;
        }
        if self.other.value.abs() < self.now.value.abs() {
            self.before = self.now;
            self.now = self.other;
            self.other = self.before;
        }
        self.now.value == 0.0 || self.half().abs() < self.least(tolerance)
    }

    fn half(&self) -> f64 {
        (self.other.at - self.now.at) / 2.0
    }

    fn least(&self, tolerance: f64) -> f64 {
        f64::midpoint(tolerance, 4.0 * f64::EPSILON * self.now.at.abs())
    }

    fn step(&mut self, tolerance: f64, f: &impl Fn(f64) -> f64) {
        let (half, least) = (self.half(), self.least(tolerance));
        let interpolated = (self.last_step.abs() > least
            && self.now.value.abs() < self.before.value.abs())
        .then(|| self.interpolate())
        .filter(|step| 2.0 * step.abs() < self.last_step.abs().min(3.0 * half.abs() - least));
        if let Some(step) = interpolated {
            self.last_step = self.step;
            self.step = step;
        } else {
            self.last_step = half;
            self.step = half;
        }
        self.before = self.now;
        self.now.at += if self.step.abs() > least {
            self.step
        } else {
            least.copysign(half)
        };
        self.now.value = f(self.now.at);
    }

    /// Through two points a line, through three the inverse parabola.
    #[expect(clippy::float_cmp, reason = "the very same point, or another one")]
    fn interpolate(&self) -> f64 {
        let (before, now, other) = (self.before, self.now, self.other);
        if before.at == other.at {
            return -now.value * (now.at - before.at) / (now.value - before.value);
        }
        let near = (before.value - now.value) / (before.at - now.at);
        let far = (other.value - now.value) / (other.at - now.at);
        -now.value * (other.value * far - before.value * near)
            / (far * near * (other.value - before.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_find_the_root_of_two() {
        let f = |x: f64| x * x - 2.0;
        for root in [halving(0.0, 2.0, f), brent(0.0, 2.0, 1e-12, f)] {
            assert!((root - 2_f64.sqrt()).abs() < 1e-10, "{root}");
        }
    }

    #[test]
    fn a_jump_is_found_too() {
        let f = |x: f64| if x < 0.3 { 1.0 } else { -2.0 };
        for root in [halving(-1.0, 1.0, f), brent(-1.0, 1.0, 1e-9, f)] {
            assert!((root - 0.3).abs() < 1e-8, "{root}");
        }
    }
}
