//! What every handler has.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use windlass_api::{API_VERSION, LostHistoryView, VersionView};

use crate::Limits;

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
    /// One permit per event stream.
    pub(crate) watchers: Arc<Semaphore>,
    /// Becomes true when the server is to end.
    pub(crate) ending: watch::Receiver<bool>,
}

/// Returns once the server is to end.
pub(crate) async fn ended(ending: &mut watch::Receiver<bool>) {
    // An error means that the server is gone already.
    if ending.wait_for(|ending| *ending).await.is_err() {
        tracing::debug!("the server ended before its streams");
    }
}
