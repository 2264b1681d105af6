//! A candidate that has fallen silent: requests wait for it, and no answer comes any more.
//!
//! Completed answers say nothing of it. So requests are counted while they wait, by when they came: one
//! small ring of counts for each data thread, written when a request goes out and when its answer begins.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::core::locked;
use crate::limits::SILENT_REQUESTS;

/// Parts of the time that a candidate may be silent.
const PARTS: usize = 16;
/// Places of the ring: twice that time. What waits longer was seen before.
const PLACES: usize = PARTS * 2;

/// Requests of one data thread that wait, by when they came.
#[derive(Debug, Default)]
pub(crate) struct Waits([AtomicU32; PLACES]);

impl Waits {
    pub(crate) fn add(&self, place: usize) {
        self.0[place % PLACES].fetch_add(1, Relaxed);
    }

    pub(crate) fn sub(&self, place: usize) {
        self.0[place % PLACES].fetch_sub(1, Relaxed);
    }
}

/// How long a candidate has answered nothing.
#[derive(Debug)]
pub(crate) struct Silence {
    within: Duration,
    begun: Instant,
    /// Answers when it was last heard, and when that was.
    heard: Mutex<(u64, Instant)>,
}

impl Silence {
    pub(crate) fn new(within: Duration) -> Self {
        let begun = Instant::now();
        Self {
            within,
            begun,
            heard: Mutex::new((0, begun)),
        }
    }

    /// Which part of time it is, counted from the beginning.
    fn part(&self) -> usize {
        let part = (self.within / u32::try_from(PARTS).unwrap_or(1)).max(Duration::from_millis(1));
        let parts = self.begun.elapsed().as_nanos() / part.as_nanos();
        usize::try_from(parts).unwrap_or(usize::MAX)
    }

    /// Where a request that comes now is counted.
    pub(crate) fn place(&self) -> usize {
        self.part() % PLACES
    }

    /// Requests that have waited for all of the time.
    pub(crate) fn old<'w, W: Iterator<Item = &'w Waits>>(&self, waits: impl Fn() -> W) -> u64 {
        let now = self.part();
        // The part in which it began may not be whole; what is further back than the ring is none.
        let old = (PARTS + 1..PLACES).filter_map(|back| now.checked_sub(back));
        let count = |part: usize| {
            let place = part % PLACES;
            let all = waits().map(|waits| u64::from(waits.0[place].load(Relaxed)));
            all.sum::<u64>()
        };
        old.map(count).sum()
    }

    /// Whether there are too many of them, and not one answer came meanwhile. `answers` is how many
    /// there were so far.
    pub(crate) fn listen<'w, W: Iterator<Item = &'w Waits>>(
        &self,
        answers: u64,
        waits: impl Fn() -> W,
    ) -> bool {
        let mut heard = locked(&self.heard);
        if heard.0 != answers {
            *heard = (answers, Instant::now());
            return false;
        }
        heard.1.elapsed() >= self.within && self.old(waits) >= SILENT_REQUESTS
    }
}
