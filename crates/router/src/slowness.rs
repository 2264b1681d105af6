//! A candidate whose answers take too long, and go on doing so.
//!
//! Times are not independent as errors are: one pause slows all requests that are under way, and a cold
//! start all of its first seconds. So one answer is judged in each turn of a tenth of a second, none before
//! it is warm, and doubt must stay away for a while before it fires.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use windlass_analysis::tripwire::{LIMIT, Steps};
use windlass_model::Slower;

use crate::core::locked;
use crate::limits::{SLOW_LEAST, SLOW_PART, SLOW_TURN, WARM_UP};

/// The sequential rule about the times of answers.
#[derive(Debug)]
pub(crate) struct Slowness {
    than: Duration,
    steps: Steps,
    /// How long it must be beyond doubt.
    lasting: Duration,
    /// When the first answer came.
    first: OnceLock<Instant>,
    /// The last turn in which an answer was judged, counted from the first one.
    turn: AtomicU64,
    sum: Mutex<Sum>,
}

#[derive(Debug, Default)]
struct Sum {
    /// Never above the limit: what is long past does not outweigh what comes now.
    sum: i64,
    /// When the limit was reached, if the sum was not below its half since.
    full: Option<Instant>,
}

impl Slowness {
    pub(crate) fn new(slower: Slower) -> Self {
        Self {
            than: slower.than.duration(),
            steps: Steps::new(slower.above),
            lasting: (slower.lasting.duration() / SLOW_PART).max(SLOW_LEAST),
            first: OnceLock::new(),
            turn: AtomicU64::new(0),
            sum: Mutex::default(),
        }
    }

    /// Whether an answer took too long.
    pub(crate) fn is_slow(&self, after: Duration) -> bool {
        after > self.than
    }

    /// Whether the answer that comes at `now` is judged; at most one in each turn is.
    fn takes(&self, now: Instant) -> bool {
        let age = now.saturating_duration_since(*self.first.get_or_init(|| now));
        if age < WARM_UP {
            return false;
        }
        let turn = u64::try_from(age.as_millis() / SLOW_TURN.as_millis()).unwrap_or(u64::MAX);
        // Read first: in the usual case nobody writes.
        self.turn.load(Relaxed) < turn && self.turn.fetch_max(turn, Relaxed) < turn
    }

    /// Adds one answer; whether it is beyond doubt, and was for long enough.
    pub(crate) fn add(&self, now: Instant, slow: bool) -> bool {
        if !self.takes(now) {
            return false;
        }
        let mut sum = locked(&self.sum);
        sum.sum = self.steps.after(sum.sum, slow).min(LIMIT);
        if sum.sum < LIMIT / 2 {
            sum.full = None;
        }
        if sum.sum < LIMIT {
            return false;
        }
        let full = *sum.full.get_or_insert(now);
        now.saturating_duration_since(full) >= self.lasting
    }
}

#[cfg(test)]
mod tests {
    use windlass_model::{Millis, Rate};

    use super::*;

    /// `p95 > 300ms for 30s`, fed for a minute with answers that come every so many milliseconds; when it
    /// fired, in milliseconds.
    fn fires(every: usize, slow: impl Fn(u64) -> bool) -> Option<u64> {
        let rule = Slowness::new(Slower {
            than: Millis::from_millis(300),
            above: Rate::from_parts(500).expect("a share"),
            lasting: Millis::from_secs(30),
        });
        let begun = Instant::now();
        let mut times = (0..60_000).step_by(every);
        times.find(|at| rule.add(begun + Duration::from_millis(*at), slow(*at)))
    }

    #[test]
    fn it_fires_once_a_quarter_of_its_time_was_beyond_doubt() {
        // Six turns after the warm-up, and seven and a half seconds.
        assert_eq!(fires(10, |_| true), Some(13_000));
        // Few requests take a little longer.
        assert_eq!(fires(1_000, |_| true), Some(18_000));
        // Three in four are beyond doubt too.
        assert!(fires(100, |at| at % 400 > 0).is_some());
        assert_eq!(fires(100, |at| at % 4_000 == 0), None);
    }

    #[test]
    fn a_cold_start_is_not_slowness() {
        assert_eq!(fires(10, |at| at < 5_000), None);
        // Nor if it is warm only after its warm-up.
        assert_eq!(fires(10, |at| at < 10_000), None);
    }

    #[test]
    fn a_pause_that_slows_all_requests_at_once_is_not_slowness() {
        // A hundred answers within a tenth of a second, every five seconds.
        assert_eq!(fires(1, |at| at % 5_000 < 100), None);
        // A second of it, every ten.
        assert_eq!(fires(1, |at| at % 10_000 < 1_000), None);
    }

    #[test]
    fn what_is_long_past_does_not_fire_when_one_more_is_slow() {
        assert_eq!(fires(100, |at| at < 11_000 || at % 2_000 == 0), None);
    }

    #[test]
    fn the_least_time_counts_where_a_quarter_is_less() {
        let rule = Slowness::new(Slower {
            than: Millis::from_millis(300),
            above: Rate::from_parts(500).expect("a share"),
            lasting: Millis::default(),
        });
        assert_eq!(rule.lasting, SLOW_LEAST);
    }
}
