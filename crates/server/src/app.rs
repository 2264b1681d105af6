//! What every handler has.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use windlass_api::{API_VERSION, LostHistoryView, VersionView};

use crate::condition::Seen;
use crate::keys::Keys;
use crate::rate::Buckets;
use crate::watchers::Watchers;
use crate::{Limits, RunTokens, Tokens};

/// Which controller answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Version of the binary.
    pub version: String,
    /// Its epoch.
    pub epoch: u64,
    /// Its process.
    pub pid: u32,
    /// Set when its journal is older than what runs.
    pub lost_history: Option<LostHistoryView>,
}

impl About {
    pub(crate) fn view(&self) -> VersionView {
        VersionView {
            version: self.version.clone(),
            api: API_VERSION,
            pid: self.pid,
            epoch: self.epoch,
            lost_history: self.lost_history,
        }
    }
}

/// Shared by the handlers; cheap to clone.
#[derive(Clone)]
pub(crate) struct App<C> {
    pub(crate) controller: C,
    pub(crate) about: About,
    pub(crate) limits: Limits,
    pub(crate) tokens: Arc<Tokens>,
    /// None where no run is heard.
    pub(crate) runs: Option<RunTokens>,
    pub(crate) buckets: Arc<Buckets>,
    pub(crate) keys: Arc<Keys>,
    /// Held while what a client has seen is compared and its word is carried out.
    pub(crate) comparing: Arc<Mutex<()>>,
    /// Places for event streams.
    pub(crate) watchers: Arc<Watchers>,
    /// Becomes true when the server is to end.
    pub(crate) ending: watch::Receiver<bool>,
}

impl<C> App<C> {
    /// Alone with the controller, for a request that says what it has seen: of two that saw the same,
    /// one is carried out. What the controller does by itself may still come between.
    pub(crate) async fn comparing(&self, seen: &Seen) -> Option<OwnedMutexGuard<()>> {
        if seen.is_said() {
            Some(Arc::clone(&self.comparing).lock_owned().await)
        } else {
            None
        }
    }
}

/// Returns once the server is to end.
pub(crate) async fn ended(ending: &mut watch::Receiver<bool>) {
    // An error means that the server is gone already.
    if ending.wait_for(|ending| *ending).await.is_err() {
        tracing::debug!("the server ended before its streams");
    }
}
