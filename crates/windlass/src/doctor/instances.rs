//! Shims that live, beside what the controller knows of.

use std::collections::BTreeMap;
use std::fs;

use windlass_api::{EnvironmentView, ServiceView};
use windlass_client::StatePaths;
use windlass_model::ServiceName;

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
    let known = known(status);
    let extra: Vec<&String> = living
        .iter()
        .filter(|id| !known.contains_key(*id))
        .collect();
    let alone: Vec<String> = known
        .iter()
        .filter(|(id, _)| !living.contains(id))
        .map(|(id, service)| format!("{id} of {service}"))
        .collect();
    let busy = status.iter().any(|view| view.deployment.is_some());
    if busy || (extra.is_empty() && alone.is_empty()) {
        return Finding::ok(CHECK, format!("{count} kept, each in a slot"));
    }
    if extra.is_empty() {
        let saw = format!("nobody keeps {}", listed(&alone));
        let fix = "none is needed: the controller watches it; the next start gives it a shim";
        return Finding::warning(CHECK, saw, fix);
    }
    let saw = format!("no slot has {}", listed(&extra));
    Finding::warning(
        CHECK,
        saw,
        "a new controller ends what gets no requests: windlass serve --replace",
    )
}

/// The processes of slots that run, and whose they are. What a command brought is none.
fn known(status: &[EnvironmentView]) -> BTreeMap<String, &ServiceName> {
    let services = status.iter().flat_map(|view| &view.services);
    let instances = services.flat_map(|(name, view)| {
        let slots = ServiceView::slots(view);
        slots.flat_map(move |slot| {
            slot.instances
                .iter()
                .map(move |it| (it.id.to_string(), name))
        })
    });
    instances.collect()
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
