//! The journal: every page, and the chain of every deployment.

use windlass_client::StatePaths;
use windlass_edge::ErrorKind;
use windlass_store::{Checked, check};

use super::Finding;
use crate::ui::words::counted;
use crate::wire;

const CHECK: &str = "journal";

/// What was seen of it, and whether a controller could open it.
pub(crate) async fn journal(paths: &StatePaths) -> (Finding, bool) {
    let file = paths.state.join(wire::JOURNAL);
    if !file.exists() {
        let instances = std::fs::read_dir(paths.state.join("instances"));
        let traces = instances.is_ok_and(|mut entries| entries.next().is_some());
        let seen = if traces {
            let fix =
                "put a backup in its place (windlass docs back-up), or: windlass repair --adopt";
            Finding::broken(CHECK, "it is gone, and something ran here", fix)
        } else {
            Finding::ok(CHECK, "none yet")
        };
        return (seen, true);
    }
    match check(&file).await {
        Ok(checked) => (told(&checked), true),
        Err(why) => {
            let fix = match why.kind {
                ErrorKind::Refused => "use the Windlass that wrote it, or a newer one",
                _ => "look at the disk, then put a backup in its place: windlass docs back-up",
            };
            (Finding::broken(CHECK, why.chain(), fix), false)
        }
    }
}

fn told(checked: &Checked) -> Finding {
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    if let Some(first) = checked.damage.first() {
        let more = match checked.damage.len() {
            1 => String::new(),
            all => format!(", and {} more", all - 1),
        };
        let fix =
            "one deployment: windlass repair ID --abandon; more: a backup, windlass docs back-up";
        return Finding::broken(CHECK, format!("{first}{more}"), fix);
    }
    Finding::ok(
        CHECK,
        format!(
            "whole: {}, {}, format {}",
            counted(number(checked.deployments), "deployment"),
            counted(number(checked.rows), "row"),
            checked.schema
        ),
    )
}
