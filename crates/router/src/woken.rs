//! Whether somebody was woken, for tests of who wakes whom.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Wake, Waker};

/// What a waker was told.
#[derive(Default)]
pub(crate) struct Woken(AtomicBool);

impl Woken {
    /// One and its waker.
    pub(crate) fn and_waker() -> (Arc<Self>, Waker) {
        let woken = Arc::<Self>::default();
        let waker = woken.clone().into();
        (woken, waker)
    }

    /// Whether it was woken since the last call.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Relaxed)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}
