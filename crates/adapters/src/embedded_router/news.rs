//! What befell the router, for whoever notes it.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus};

use tokio::sync::{Mutex, mpsc};
use windlass_edge::RouterNews;
use windlass_model::InstanceEnd;

/// News that wait to be heard; what comes beyond is not told. A router that dies is heard of at once, so
/// that only one that nobody listens to gets there.
const NEWS_MOST: usize = 16;

/// News on their way.
#[derive(Debug)]
pub(super) struct News {
    tell: mpsc::Sender<RouterNews>,
    told: Mutex<mpsc::Receiver<RouterNews>>,
}

impl Default for News {
    fn default() -> Self {
        let (tell, told) = mpsc::channel(NEWS_MOST);
        Self {
            tell,
            told: Mutex::new(told),
        }
    }
}

impl News {
    /// Tells it, and waits for nobody.
    pub(super) fn tell(&self, news: RouterNews) {
        if self.tell.try_send(news).is_err() {
            tracing::debug!("nobody hears what befell the router");
        }
    }

    /// The next one.
    pub(super) async fn next(&self) -> RouterNews {
        match self.told.lock().await.recv().await {
            Some(news) => news,
            // It has a sender of its own.
            None => std::future::pending().await,
        }
    }
}

/// The end of a router that was this controller's child, if that can be told.
pub(super) fn end_of(child: &mut Child) -> Option<InstanceEnd> {
    child.try_wait().ok().flatten().map(end_by)
}

/// An exit status in the model's words.
pub(super) fn end_by(status: ExitStatus) -> InstanceEnd {
    match (status.signal(), status.code()) {
        (Some(signal), _) => InstanceEnd::Killed(signal),
        (None, Some(code)) => InstanceEnd::Exited(code),
        (None, None) => InstanceEnd::Unknown,
    }
}
