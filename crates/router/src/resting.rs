//! Instances that fail several times in a row are left alone for a while.
//!
//! No timer and no list: an instance knows until when it rests, and whoever picks one looks.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use crate::terms::Terms;

/// How one instance has answered lately.
#[derive(Debug)]
pub(crate) struct Resting {
    /// Failures since it last answered.
    failures: AtomicU32,
    /// Milliseconds after `known`; zero: it does not rest.
    until_ms: AtomicU64,
    known: Instant,
}

impl Resting {
    pub(crate) fn new() -> Self {
        Self {
            failures: AtomicU32::new(0),
            until_ms: AtomicU64::new(0),
            known: Instant::now(),
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.known.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether others should be asked first. The clock is looked at only after a failure.
    pub(crate) fn is_now(&self) -> bool {
        let until = self.until_ms.load(Relaxed);
        until != 0 && self.now_ms() < until
    }

    /// Notes an answer. Costs a load that nobody writes to, as long as all goes well.
    pub(crate) fn answered(&self) {
        if self.failures.load(Relaxed) != 0 {
            self.failures.store(0, Relaxed);
            self.until_ms.store(0, Relaxed);
        }
    }

    /// Notes that it could not be connected to, or gave no whole answer in time. After a rest one more
    /// is enough for the next.
    pub(crate) fn failed(&self, terms: &Terms) {
        let failures = self.failures.fetch_add(1, Relaxed).saturating_add(1);
        if failures >= terms.eject_after {
            let rest = u64::try_from(terms.eject_for.as_millis()).unwrap_or(u64::MAX);
            self.until_ms
                .store(self.now_ms().saturating_add(rest), Relaxed);
        }
    }
}
