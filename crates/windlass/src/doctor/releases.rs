//! Kept releases: whether their bytes are those that were kept.

use windlass_client::StatePaths;

use super::Finding;
use crate::damaged::damaged_releases;

const CHECK: &str = "releases";

/// Reads every byte of every release: it takes as long as the disk needs for that.
pub(crate) async fn releases(paths: &StatePaths) -> Finding {
    let damaged = damaged_releases(paths).await;
    if damaged.is_empty() {
        return Finding::ok(CHECK, "each is what was kept");
    }
    let saw = format!("{}; what is damaged is not started", damaged.join("; "));
    let fix = "deploy it again from its folder, which keeps it anew where the same bytes are there: windlass \
               deploy; else deploy another one before it has to be started: what was never promoted is dropped then";
    Finding::broken(CHECK, saw, fix)
}
