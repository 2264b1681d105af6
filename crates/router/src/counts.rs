//! Counts of one slot, one shard per data thread.

use std::sync::atomic::{
    AtomicBool, AtomicU32, Ordering::AcqRel, Ordering::Relaxed, Ordering::Release,
};
use std::time::Duration;

use windlass_model::LATENCY_EDGES_US;

/// One bucket per edge and one above.
const BUCKETS: usize = LATENCY_EDGES_US.len() + 1;

/// What one data thread counted for one slot since the last tick. Alone on its cache lines.
#[derive(Debug)]
#[repr(align(128))]
struct Shard {
    touched: AtomicBool,
    answers: [AtomicU32; 5],
    connect_failures: AtomicU32,
    broken: AtomicU32,
    latency: [AtomicU32; BUCKETS],
}

impl Shard {
    fn new() -> Self {
        Self {
            touched: AtomicBool::new(false),
            answers: std::array::from_fn(|_| AtomicU32::new(0)),
            connect_failures: AtomicU32::new(0),
            broken: AtomicU32::new(0),
            latency: std::array::from_fn(|_| AtomicU32::new(0)),
        }
    }
}

/// An answer's head as it is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    /// The status code.
    pub(crate) status: u16,
    /// Time from the request's head to the answer's.
    pub(crate) after: Duration,
}

/// All shards of one slot.
#[derive(Debug)]
pub(crate) struct Counts(Box<[Shard]>);

/// What was counted in one interval; buckets that are empty are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) answers: [u32; 5],
    pub(crate) connect_failures: u32,
    pub(crate) broken: u32,
    pub(crate) latency: Vec<(u8, u32)>,
}

impl Counts {
    /// Empty counts for so many data threads.
    pub(crate) fn new(shards: usize) -> Self {
        Self((0..shards.max(1)).map(|_| Shard::new()).collect())
    }

    fn shard(&self, index: usize) -> &Shard {
        &self.0[index % self.0.len()]
    }

    /// Counts one answer.
    pub(crate) fn answer(&self, shard: usize, head: Head) {
        let shard = self.shard(shard);
        let class = usize::from(head.status / 100).clamp(1, 5) - 1;
        shard.answers[class].fetch_add(1, Relaxed);
        let micros = u64::try_from(head.after.as_micros()).unwrap_or(u64::MAX);
        let bucket = LATENCY_EDGES_US.partition_point(|edge| *edge < micros);
        shard.latency[bucket].fetch_add(1, Relaxed);
        // Last, so that a sum that misses these sees the mark the next time.
        shard.touched.store(true, Release);
    }

    /// Counts one instance that could not be connected to.
    pub(crate) fn connect_failure(&self, shard: usize) {
        let shard = self.shard(shard);
        shard.connect_failures.fetch_add(1, Relaxed);
        shard.touched.store(true, Release);
    }

    /// Counts one answer that broke off.
    pub(crate) fn broken(&self, shard: usize) {
        let shard = self.shard(shard);
        shard.broken.fetch_add(1, Relaxed);
        shard.touched.store(true, Release);
    }

    /// Takes what was counted since the last call; none if nothing was.
    pub(crate) fn take(&self) -> Option<Sum> {
        let mut sum = Sum::default();
        let mut latency = [0u32; BUCKETS];
        let mut any = false;
        for shard in &self.0 {
            if !shard.touched.swap(false, AcqRel) {
                continue;
            }
            any = true;
            for (total, counted) in sum.answers.iter_mut().zip(&shard.answers) {
                *total += counted.swap(0, Relaxed);
            }
            sum.connect_failures += shard.connect_failures.swap(0, Relaxed);
            sum.broken += shard.broken.swap(0, Relaxed);
            for (total, counted) in latency.iter_mut().zip(&shard.latency) {
                *total += counted.swap(0, Relaxed);
            }
        }
        sum.latency = (0u8..)
            .zip(latency)
            .filter(|(_, count)| *count > 0)
            .collect();
        (any && sum != Sum::default()).then_some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_taken_once() {
        let counts = Counts::new(2);
        let head = |status, micros| Head {
            status,
            after: Duration::from_micros(micros),
        };
        counts.answer(0, head(200, 100));
        counts.answer(1, head(204, 101));
        counts.answer(1, head(503, 20_000_000));
        counts.connect_failure(0);
        counts.broken(1);
        let sum = counts.take().expect("counts");
        assert_eq!(sum.answers, [0, 2, 0, 0, 1]);
        assert_eq!((sum.connect_failures, sum.broken), (1, 1));
        assert_eq!(sum.latency, [(0, 1), (1, 1), (53, 1)]);
        assert_eq!(counts.take(), None);
    }
}
