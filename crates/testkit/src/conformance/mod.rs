//! What each trait of `edge` promises, in code.
//!
//! Plain functions that assert. The fakes of this crate pass them, and so must every adapter, against
//! the real thing. Each says what it needs of its surroundings in a *case*.

mod prober;
mod store;
mod target;
mod traffic_router;

pub use prober::{ProberCase, prober};
pub use store::{StoreCase, store};
pub use target::{TargetCase, target};
pub use traffic_router::{RouterCase, traffic_router};

use std::time::Duration;

/// Longest wait for something that must become so.
const PATIENCE: Duration = Duration::from_secs(30);

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// Waits until `seen` answers with something.
async fn until<T, F>(what: &str, mut seen: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let patience = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(found) = seen().await {
                return found;
            }
            tokio::time::sleep(LOOK).await;
        }
    });
    let found = patience.await.ok();
    assert!(found.is_some(), "not within {PATIENCE:?}: {what}");
    found.expect("it was found")
}
