//! Latencies, counted in buckets.

use std::time::Duration;

/// Buckets per doubling: a value is known within 1/64, below 1.6 %.
const PER_DOUBLING: u64 = 64;

/// Latencies above this many microseconds, over an hour, count as this.
const LARGEST_US: u64 = (1 << 32) - 1;

/// Buckets: one per microsecond up to 128, then 64 for each doubling up to 2^32.
const BUCKETS: usize = 128 + 64 * (32 - 7);

/// Counts of latencies in microsecond buckets, each within 1.6 % of what it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: vec![0; BUCKETS],
            count: 0,
        }
    }
}

impl Histogram {
    /// Counts one latency.
    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros())
            .unwrap_or(LARGEST_US)
            .min(LARGEST_US);
        if let Some(bucket) = self.buckets.get_mut(bucket_of(micros)) {
            *bucket += 1;
            self.count += 1;
        }
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The latency that a share `q` of all did not exceed, from 0 (least) to 1 (greatest); zero
    /// when nothing was counted.
    pub fn quantile(&self, q: f64) -> Duration {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank of fewer than 2^53 values, clamped to what there is"
        )]
        let rank =
            ((q.clamp(0.0, 1.0) * self.count as f64).ceil() as u64).clamp(1, self.count.max(1));
        let mut below = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            below += count;
            if below >= rank {
                return Duration::from_micros(greatest_of(bucket));
            }
        }
        Duration::ZERO
    }

    /// What was counted here and not yet in `earlier`, an older copy of this one.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let pairs = self.buckets.iter().zip(&earlier.buckets);
        let buckets: Vec<u64> = pairs.map(|(now, then)| now.saturating_sub(*then)).collect();
        let count = buckets.iter().sum();
        Self { buckets, count }
    }
}

/// The bucket of a latency.
fn bucket_of(micros: u64) -> usize {
    let doublings = u64::from(micros.max(1).ilog2()).saturating_sub(PER_DOUBLING.ilog2().into());
    // 64..128 after the shift, but for the first bucket range, which is not shifted.
    let within = micros >> doublings;
    usize::try_from(doublings * PER_DOUBLING + within).unwrap_or(BUCKETS)
}

/// The greatest latency of a bucket.
fn greatest_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * PER_DOUBLING {
        return bucket;
    }
    let doublings = bucket / PER_DOUBLING - 1;
    let within = bucket - doublings * PER_DOUBLING;
    ((within + 1) << doublings) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_what_it_says_within_a_64th() {
        for micros in (0..2_000).chain([4_095, 4_096, 1_000_000, 60_000_000, LARGEST_US]) {
            let bucket = bucket_of(micros);
            assert!(bucket < BUCKETS, "{micros}");
            let greatest = greatest_of(bucket);
            assert!(greatest >= micros, "{micros} in a bucket up to {greatest}");
            assert!(
                greatest - micros <= micros / 64,
                "{micros} in a bucket up to {greatest}"
            );
        }
    }

    #[test]
    fn buckets_follow_each_other_without_gap() {
        for bucket in 0..BUCKETS - 1 {
            assert_eq!(bucket_of(greatest_of(bucket)), bucket);
            assert_eq!(bucket_of(greatest_of(bucket) + 1), bucket + 1);
        }
    }

    #[test]
    fn quantiles_are_ranks() {
        let mut latencies = Histogram::default();
        assert_eq!(latencies.quantile(0.5), Duration::ZERO);
        for micros in 1..=100 {
            latencies.record(Duration::from_micros(micros));
        }
        assert_eq!(latencies.quantile(0.0), Duration::from_micros(1));
        assert_eq!(latencies.quantile(0.5), Duration::from_micros(50));
        assert_eq!(latencies.quantile(0.99), Duration::from_micros(99));
        assert_eq!(latencies.quantile(1.0), Duration::from_micros(100));
    }

    #[test]
    fn an_hour_and_more_is_counted_in_the_last_bucket() {
        let mut latencies = Histogram::default();
        latencies.record(Duration::MAX);
        assert_eq!(latencies.count(), 1);
        assert_eq!(latencies.quantile(0.5), Duration::from_micros(LARGEST_US));
    }

    #[test]
    fn since_leaves_only_what_is_new() {
        let mut latencies = Histogram::default();
        latencies.record(Duration::from_micros(5));
        let earlier = latencies.clone();
        latencies.record(Duration::from_micros(90));
        let new = latencies.since(&earlier);
        assert_eq!(
            (new.count(), new.quantile(0.5)),
            (1, Duration::from_micros(90))
        );
    }
}
