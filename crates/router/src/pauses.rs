//! How long the client of a connection may send nothing of a body, or take nothing of an answer: as the service
//! says that its request is for.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::limits::{BODY_PAUSE, WRITE_PAUSE};
use crate::terms::Terms;

/// Those of the request that came last.
#[derive(Debug)]
pub(crate) struct Pauses {
    upload: AtomicU64,
    download: AtomicU64,
}

impl Default for Pauses {
    fn default() -> Self {
        Self {
            upload: millis(BODY_PAUSE),
            download: millis(WRITE_PAUSE),
        }
    }
}

fn millis(time: Duration) -> AtomicU64 {
    AtomicU64::new(whole(time))
}

fn whole(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Pauses {
    /// As these terms say.
    pub(crate) fn set(&self, terms: &Terms) {
        self.upload.store(whole(terms.upload), Relaxed);
        self.download.store(whole(terms.download), Relaxed);
    }

    pub(crate) fn upload(&self) -> Duration {
        Duration::from_millis(self.upload.load(Relaxed))
    }

    pub(crate) fn download(&self) -> Duration {
        Duration::from_millis(self.download.load(Relaxed))
    }
}
