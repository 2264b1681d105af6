//! A bounded number of places, and waiting for one.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::core::locked;

/// Places, as many as are free.
pub(crate) struct Places {
    free: Mutex<usize>,
    given_back: Condvar,
}

impl Places {
    pub(crate) fn new(free: usize) -> Self {
        Self {
            free: Mutex::new(free),
            given_back: Condvar::new(),
        }
    }

    /// Takes one, if one is free within `time`.
    pub(crate) fn take(&self, time: Duration) -> bool {
        let taken = |free: &mut usize| *free == 0;
        let waited = self
            .given_back
            .wait_timeout_while(locked(&self.free), time, taken);
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let left = free.checked_sub(1);
        *free = left.unwrap_or_default();
        left.is_some()
    }

    pub(crate) fn give_back(&self) {
        *locked(&self.free) += 1;
        self.given_back.notify_one();
    }
}
