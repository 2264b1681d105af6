//! What listeners show: whether it is good, and will be.

use windlass_client::StatePaths;

use super::Finding;
use crate::certificates::on_disk;
use crate::ui::Style;
use crate::ui::time::now_us;
use crate::ui::words::counted;

/// Nothing where nothing is served over TLS.
pub(crate) fn certificates(paths: &StatePaths, style: &Style) -> Vec<Finding> {
    const CHECK: &str = "certificates";
    let shown = on_disk(paths);
    if shown.is_empty() {
        return Vec::new();
    }
    let now = now_us() / 1_000_000;
    let troubles = shown.iter().filter_map(|one| {
        let trouble = one.trouble(now, &style.zone)?;
        let fix = if one.ordered {
            "what it says, then wait for the next try; how an order goes: windlass explain WL0476"
        } else {
            "put the next certificate and its key in place: they are taken up as they are"
        };
        Some(if trouble.is_felt {
            Finding::broken(CHECK, trouble.saw, fix)
        } else {
            Finding::warning(CHECK, trouble.saw, fix)
        })
    });
    let troubles: Vec<Finding> = troubles.collect();
    if troubles.is_empty() {
        return vec![Finding::ok(CHECK, counted(shown.len(), "certificate"))];
    }
    troubles
}
