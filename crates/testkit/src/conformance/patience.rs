//! Waiting for what must become so.

use std::time::Duration;

/// Longest wait for something that must become so.
const PATIENCE: Duration = Duration::from_secs(30);

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// Waits until `seen` answers with something.
pub(super) async fn until<T, F>(what: &str, mut seen: impl FnMut() -> F) -> T
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
