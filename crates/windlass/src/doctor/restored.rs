//! What was restored: whether another installation serves it.

use windlass_client::StatePaths;

use super::Finding;
use crate::beside::served_elsewhere;

const CHECK: &str = "restored";

/// Nothing where nothing is in its way.
pub(crate) async fn restored(paths: &StatePaths) -> Option<Finding> {
    let served = served_elsewhere(paths).await?;
    let saw = format!(
        "{}; no controller starts here until that ends",
        served.saw()
    );
    let fix = format!("{}; then: windlass status", served.first());
    Some(Finding::broken(CHECK, saw, fix))
}
