//! Start, look, stop.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::mpsc;

use crate::counts::Counts;
use crate::drive::{Shared, drive};
use crate::pace::pace;
use crate::plan::LoadPlan;

/// Most requests that are due and not yet taken on; the pace catches up after that.
const DUE_MOST: usize = 1_024;

/// A load under way, on two threads of its own: it keeps its rate beside a busy caller.
///
/// Dropping it stops it without waiting for the answers under way.
pub struct Load {
    shared: Arc<Shared>,
    /// Dropped to stop the pace.
    pace: Option<SyncSender<()>>,
    threads: Vec<JoinHandle<()>>,
}

/// Starts a load; what the plan says beyond the limits is brought within them.
///
/// # Errors
/// When a thread or its runtime can't be started.
pub fn start(plan: LoadPlan) -> std::io::Result<Load> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let shared = Arc::new(Shared::new(plan.bounded()));
    let (stop, stopped) = std::sync::mpsc::sync_channel(1);
    let (due, dues) = mpsc::channel(DUE_MOST);
    let mut load = Load {
        shared: Arc::clone(&shared),
        pace: Some(stop),
        threads: Vec::new(),
    };
    let driven = Arc::clone(&shared);
    let sending = std::thread::Builder::new().name("load".to_owned());
    load.threads
        .push(sending.spawn(move || runtime.block_on(drive(&driven, dues)))?);
    let pacing = std::thread::Builder::new().name("load-pace".to_owned());
    load.threads
        .push(pacing.spawn(move || pace(&shared.plan, shared.started, &stopped, &due))?);
    Ok(load)
}

impl Load {
    /// What came of it so far.
    pub fn snapshot(&self) -> Counts {
        self.shared.counts().clone()
    }

    /// Marks the beginning of a segment: what [`Counts::since`] takes.
    pub fn mark(&self) -> Counts {
        self.snapshot()
    }

    /// When it started: the zero of all its times.
    pub fn started(&self) -> Instant {
        self.shared.started
    }

    /// Sends nothing more, waits for the answers under way, at most the plan's time-out, and counts
    /// the last time.
    pub fn stop(mut self) -> Counts {
        self.pace = None;
        for thread in std::mem::take(&mut self.threads) {
            // A thread that panicked has counted what it could.
            thread.join().ok();
        }
        self.snapshot()
    }
}

impl fmt::Debug for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Load")
            .field("plan", &self.shared.plan)
            .finish_non_exhaustive()
    }
}
