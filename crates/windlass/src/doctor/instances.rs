//! Shims that live, beside what the controller knows of.

use std::collections::BTreeSet;
use std::fs;

use windlass_api::{EnvironmentView, ServiceView};
use windlass_client::StatePaths;

use super::Finding;
use super::sockets::is_stale;
use crate::ui::words::{counted, listed};

const CHECK: &str = "shims";

/// Most instances that are looked at.
const INSTANCES_MAX: usize = 10_000;

/// `status` is none when the controller can't be asked.
pub(crate) fn instances(paths: &StatePaths, status: Option<&[EnvironmentView]>) -> Finding {
    let living = living(paths);
    let count = counted(living.len(), "instance");
    let Some(status) = status else {
        return Finding::ok(
            CHECK,
            format!("{count} kept; no controller to compare with"),
        );
    };
    let known: BTreeSet<String> = status
        .iter()
        .flat_map(|view| view.services.values())
        .flat_map(ServiceView::slots)
        .flat_map(|slot| {
            slot.instances
                .iter()
                .map(|instance| instance.id.to_string())
        })
        .collect();
    let extra: Vec<&String> = living.iter().filter(|id| !known.contains(*id)).collect();
    let busy = status.iter().any(|view| view.deployment.is_some());
    if extra.is_empty() || busy {
        return Finding::ok(CHECK, format!("{count} kept, each in a slot"));
    }
    let saw = format!("no slot has {}", listed(&extra));
    Finding::warning(
        CHECK,
        saw,
        "a new controller ends what nobody needs: windlass serve --replace",
    )
}

/// The instances whose shim answers on its socket.
fn living(paths: &StatePaths) -> Vec<String> {
    let entries = fs::read_dir(paths.state.join("instances"))
        .into_iter()
        .flatten()
        .flatten();
    let mut living: Vec<String> = entries
        .take(INSTANCES_MAX)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|id| {
            let socket = paths.run.join(format!("{id}.sock"));
            socket.exists() && !is_stale(&socket)
        })
        .collect();
    living.sort();
    living
}
