//! Counts of one slot, one shard per data thread.

use std::sync::Mutex;
use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64, Ordering::AcqRel, Ordering::Relaxed, Ordering::Release,
};
use std::time::Duration;

use windlass_model::{LATENCY_EDGES_US, Millis, THRESHOLDS};

use crate::core::locked;
use crate::total::{BUCKETS, Total};

/// Stands for no threshold: nothing takes as long.
const NONE: u64 = u64::MAX;

/// What one data thread counted for one slot since the last tick. Alone on its cache lines.
#[derive(Debug)]
#[repr(align(128))]
struct Shard {
    touched: AtomicBool,
    dealt: AtomicU32,
    retries: AtomicU32,
    left: AtomicU32,
    received: AtomicU64,
    sent: AtomicU64,
    waited_us: AtomicU64,
    /// Answers that took longer than each threshold.
    beyond: [AtomicU32; THRESHOLDS],
    /// Of requests that came under the split in effect.
    timely: Cells,
    /// Of requests that came under an earlier one.
    late: Cells,
}

#[derive(Debug)]
struct Cells {
    answers: [AtomicU32; 5],
    connect_failures: AtomicU32,
    broken: AtomicU32,
    latency: [AtomicU32; BUCKETS],
}

/// Which split a request came under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// The one in effect.
    Timely,
    /// An earlier one.
    Late,
}

/// An answer's head as it is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    /// The status code.
    pub(crate) status: u16,
    /// Time from the request's head to the answer's.
    pub(crate) after: Duration,
}

/// All shards of one slot, and what was taken from them so far.
#[derive(Debug)]
pub(crate) struct Counts {
    shards: Box<[Shard]>,
    /// Times in milliseconds; those that are not in use are [`NONE`].
    thresholds: [AtomicU64; THRESHOLDS],
    /// They have changed since the last tick.
    are_new: AtomicBool,
    /// No data thread takes this lock.
    total: Mutex<Total>,
}

/// What was counted in one interval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Requests that came.
    pub(crate) dealt: u32,
    /// All that was counted of answers.
    pub(crate) all: Part,
    /// How many of these answers took longer than each threshold; none where those were changed meanwhile.
    pub(crate) beyond: Vec<(Millis, u32)>,
    /// That of requests which came under an earlier split, if there is any.
    pub(crate) late: Option<Box<Part>>,
}

/// Counts of answers; buckets that are empty are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) answers: [u32; 5],
    pub(crate) connect_failures: u32,
    pub(crate) broken: u32,
    pub(crate) latency: Vec<(u8, u32)>,
}

/// The same while it is being added up.
struct Open {
    part: Part,
    latency: [u32; BUCKETS],
}

impl Cells {
    fn new() -> Self {
        Self {
            answers: std::array::from_fn(|_| AtomicU32::new(0)),
            connect_failures: AtomicU32::new(0),
            broken: AtomicU32::new(0),
            latency: std::array::from_fn(|_| AtomicU32::new(0)),
        }
    }

    /// Moves what is counted into `sum`.
    fn take(&self, sum: &mut Open) {
        for (total, counted) in sum.part.answers.iter_mut().zip(&self.answers) {
            *total += counted.swap(0, Relaxed);
        }
        sum.part.connect_failures += self.connect_failures.swap(0, Relaxed);
        sum.part.broken += self.broken.swap(0, Relaxed);
        for (total, counted) in sum.latency.iter_mut().zip(&self.latency) {
            *total += counted.swap(0, Relaxed);
        }
    }
}

impl Shard {
    fn new() -> Self {
        Self {
            touched: AtomicBool::new(false),
            dealt: AtomicU32::new(0),
            retries: AtomicU32::new(0),
            left: AtomicU32::new(0),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            waited_us: AtomicU64::new(0),
            beyond: std::array::from_fn(|_| AtomicU32::new(0)),
            timely: Cells::new(),
            late: Cells::new(),
        }
    }

    const fn cells(&self, came: Came) -> &Cells {
        match came {
            Came::Timely => &self.timely,
            Came::Late => &self.late,
        }
    }

    /// Adds what no tick tells to `total`.
    fn take_beside(&self, total: &mut Total) {
        total.retries += u64::from(self.retries.swap(0, Relaxed));
        total.left += u64::from(self.left.swap(0, Relaxed));
        total.received += self.received.swap(0, Relaxed);
        total.sent += self.sent.swap(0, Relaxed);
        total.waited_us += self.waited_us.swap(0, Relaxed);
    }

    /// Last, so that a sum that misses what was counted sees the mark the next time.
    fn touch(&self) {
        self.touched.store(true, Release);
    }
}

impl Open {
    fn new() -> Self {
        Self {
            part: Part::default(),
            latency: [0; BUCKETS],
        }
    }

    fn add(&mut self, other: &Self) {
        let (part, more) = (&mut self.part, &other.part);
        for (total, count) in part.answers.iter_mut().zip(more.answers) {
            *total += count;
        }
        part.connect_failures += more.connect_failures;
        part.broken += more.broken;
        for (total, count) in self.latency.iter_mut().zip(other.latency) {
            *total += count;
        }
    }

    fn add_to(&self, total: &mut Total) {
        for (total, count) in total.answers.iter_mut().zip(self.part.answers) {
            *total += u64::from(count);
        }
        total.connect_failures += u64::from(self.part.connect_failures);
        total.broken += u64::from(self.part.broken);
        for (total, count) in total.latency.iter_mut().zip(self.latency) {
            *total += u64::from(count);
        }
    }

    fn close(mut self) -> Part {
        self.part.latency = (0u8..)
            .zip(self.latency)
            .filter(|(_, count)| *count > 0)
            .collect();
        self.part
    }
}

impl Counts {
    /// Empty counts for so many data threads.
    pub(crate) fn new(shards: usize) -> Self {
        Self {
            shards: (0..shards.max(1)).map(|_| Shard::new()).collect(),
            thresholds: std::array::from_fn(|_| AtomicU64::new(NONE)),
            are_new: AtomicBool::new(false),
            total: Mutex::default(),
        }
    }

    /// What was counted until the last call of [`Self::take`].
    pub(crate) fn total(&self) -> Total {
        locked(&self.total).clone()
    }

    fn shard(&self, index: usize) -> &Shard {
        &self.shards[index % self.shards.len()]
    }

    /// Counts from now on how many answers take longer than these times.
    pub(crate) fn count_beyond(&self, thresholds: &[Millis]) {
        let times = thresholds.iter().map(|time| time.as_millis());
        let times = times.chain(std::iter::repeat(NONE));
        // No tick is told of both.
        let _total = locked(&self.total);
        for (than, time) in self.thresholds.iter().zip(times) {
            if than.swap(time, Relaxed) != time {
                self.are_new.store(true, Relaxed);
            }
        }
    }

    /// What was counted beyond each threshold. A count is of one threshold, or of nobody.
    fn take_beyond(&self, counted: [u32; THRESHOLDS]) -> Vec<(Millis, u32)> {
        if self.are_new.swap(false, Relaxed) {
            return Vec::new();
        }
        let times = self.thresholds.iter().map(|than| than.load(Relaxed));
        let in_use = times.zip(counted).take_while(|(than, _)| *than != NONE);
        in_use
            .map(|(than, count)| (Millis::from_millis(than), count))
            .collect()
    }

    /// Counts one request that came.
    pub(crate) fn dealt(&self, shard: usize) {
        let shard = self.shard(shard);
        shard.dealt.fetch_add(1, Relaxed);
        shard.touch();
    }

    /// Counts one answer.
    pub(crate) fn answer(&self, shard: usize, came: Came, head: Head) {
        let shard = self.shard(shard);
        let cells = shard.cells(came);
        let class = usize::from(head.status / 100).clamp(1, 5) - 1;
        cells.answers[class].fetch_add(1, Relaxed);
        let micros = u64::try_from(head.after.as_micros()).unwrap_or(u64::MAX);
        let bucket = LATENCY_EDGES_US.partition_point(|edge| *edge < micros);
        cells.latency[bucket].fetch_add(1, Relaxed);
        shard.waited_us.fetch_add(micros, Relaxed);
        for (than, beyond) in self.thresholds.iter().zip(&shard.beyond) {
            let than = than.load(Relaxed);
            if than == NONE {
                break;
            }
            if head.after > Duration::from_millis(than) {
                beyond.fetch_add(1, Relaxed);
            }
        }
        shard.touch();
    }

    /// Counts bytes that clients sent on, and bytes that they were sent.
    pub(crate) fn passed(&self, shard: usize, received: u64, sent: u64) {
        let shard = self.shard(shard);
        for (counter, bytes) in [(&shard.received, received), (&shard.sent, sent)] {
            if bytes > 0 {
                counter.fetch_add(bytes, Relaxed);
                shard.touch();
            }
        }
    }

    /// Counts one request that is sent again.
    pub(crate) fn retried(&self, shard: usize) {
        let shard = self.shard(shard);
        shard.retries.fetch_add(1, Relaxed);
        shard.touch();
    }

    /// Counts one request whose client has left.
    pub(crate) fn left(&self, shard: usize) {
        let shard = self.shard(shard);
        shard.left.fetch_add(1, Relaxed);
        shard.touch();
    }

    /// Counts one instance that could not be connected to.
    pub(crate) fn connect_failure(&self, shard: usize, came: Came) {
        let shard = self.shard(shard);
        shard.cells(came).connect_failures.fetch_add(1, Relaxed);
        shard.touch();
    }

    /// Counts one answer that broke off.
    pub(crate) fn broken(&self, shard: usize, came: Came) {
        let shard = self.shard(shard);
        shard.cells(came).broken.fetch_add(1, Relaxed);
        shard.touch();
    }

    /// Takes what was counted since the last call; none if nothing was.
    pub(crate) fn take(&self) -> Option<Sum> {
        let (mut all, mut late, mut dealt) = (Open::new(), Open::new(), 0);
        let (mut any, mut beyond) = (false, [0; THRESHOLDS]);
        let mut total = locked(&self.total);
        for shard in &self.shards {
            if !shard.touched.swap(false, AcqRel) {
                continue;
            }
            any = true;
            dealt += shard.dealt.swap(0, Relaxed);
            shard.timely.take(&mut all);
            shard.late.take(&mut late);
            shard.take_beside(&mut total);
            for (sum, counted) in beyond.iter_mut().zip(&shard.beyond) {
                *sum += counted.swap(0, Relaxed);
            }
        }
        all.add(&late);
        all.add_to(&mut total);
        let late = Some(late.close()).filter(|late| *late != Part::default());
        let beyond = self.take_beyond(beyond);
        let all = all.close();
        let sum = Sum {
            dealt,
            // Nothing is said of no answers.
            beyond: if all.latency.is_empty() {
                Vec::new()
            } else {
                beyond
            },
            all,
            late: late.map(Box::new),
        };
        (any && sum != Sum::default()).then_some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, micros: u64) -> Head {
        Head {
            status,
            after: Duration::from_micros(micros),
        }
    }

    #[test]
    fn what_was_counted_is_taken_once() {
        let counts = Counts::new(2);
        counts.dealt(1);
        counts.answer(0, Came::Timely, head(200, 100));
        counts.answer(1, Came::Timely, head(204, 101));
        counts.answer(1, Came::Timely, head(503, 20_000_000));
        counts.connect_failure(0, Came::Timely);
        counts.broken(1, Came::Timely);
        let sum = counts.take().expect("counts");
        assert_eq!(sum.dealt, 1);
        assert_eq!(sum.all.answers, [0, 2, 0, 0, 1]);
        assert_eq!((sum.all.connect_failures, sum.all.broken), (1, 1));
        assert_eq!(sum.all.latency, [(0, 1), (1, 1), (106, 1)]);
        assert_eq!(sum.late, None);
        assert_eq!(counts.take(), None);
    }

    #[test]
    fn the_total_grows_by_what_is_taken() {
        let counts = Counts::new(2);
        for shard in [0, 1, 1] {
            counts.answer(shard, Came::Timely, head(200, 150));
            counts.answer(shard, Came::Late, head(500, 2_000_000));
            counts.passed(shard, 10, 0);
            counts.passed(shard, 0, 1_000);
            counts.retried(shard);
            counts.left(shard);
            assert!(counts.take().is_some(), "something to tell");
        }
        counts.passed(0, 0, 1);
        assert_eq!(counts.take(), None, "no tick tells bytes");
        let total = counts.total();
        assert_eq!(total.answers, [0, 3, 0, 0, 3]);
        assert_eq!((total.received, total.sent), (30, 3_001));
        assert_eq!((total.retries, total.left), (3, 3));
        assert_eq!(total.waited_us, 3 * 2_000_150);
        assert_eq!((total.latency[4], total.latency.iter().sum()), (3, 6));
    }

    #[test]
    fn a_threshold_is_exact_and_none_is_told_of_two() {
        let counts = Counts::new(2);
        let beyond = || counts.take().expect("counts").beyond;
        let than = Millis::from_millis(320);
        let answers = || {
            for (shard, micros) in [(0, 319_999), (1, 320_000), (0, 320_001), (1, 9_000_000)] {
                counts.answer(shard, Came::Timely, head(200, micros));
            }
            counts.answer(0, Came::Late, head(200, 400_000));
        };
        answers();
        assert_eq!(beyond(), [], "nobody asks");
        counts.count_beyond(&[than]);
        answers();
        assert_eq!(beyond(), [], "it began in the middle");
        counts.count_beyond(&[than]);
        answers();
        assert_eq!(beyond(), [(than, 3)]);
        counts.answer(0, Came::Timely, head(200, 100));
        assert_eq!(beyond(), [(than, 0)], "none of one");
        counts.dealt(0);
        assert_eq!(beyond(), [], "of no answer there is nothing to say");
        answers();
        counts.count_beyond(&[Millis::from_millis(1_100), than]);
        assert_eq!(beyond(), []);
        answers();
        assert_eq!(beyond(), [(Millis::from_millis(1_100), 1), (than, 3)]);
    }

    #[test]
    fn what_came_under_another_split_is_counted_among_all_and_apart() {
        let counts = Counts::new(1);
        counts.answer(0, Came::Timely, head(200, 100));
        counts.answer(0, Came::Late, head(500, 100));
        counts.broken(0, Came::Late);
        let sum = counts.take().expect("counts");
        assert_eq!((sum.all.answers, sum.all.broken), ([0, 1, 0, 0, 1], 1));
        let late = sum.late.expect("a late one");
        assert_eq!((late.answers, late.broken), ([0, 0, 0, 0, 1], 1));
        assert_eq!(late.latency, [(0, 1)]);
    }
}
