//! What services consist of and what is not on this machine.

use std::collections::BTreeMap;
use std::path::Path;

use windlass_config::{Loaded, Problem, not_here};
use windlass_edge::KeepRelease;
use windlass_model::ServiceKey;

use super::file::surroundings;
use crate::wire;

/// Adds a warning for each service whose release could not be kept from `folder`. No more than that: the
/// file may be looked at on another machine than the one that deploys.
pub(super) fn note(loaded: &mut Loaded, folder: &Path) {
    let absent = look(loaded, folder);
    loaded.warnings.extend(absent);
    loaded.warnings.sort();
}

/// A problem for each service whose release could not be kept from `folder`.
pub(super) fn look(loaded: &Loaded, folder: &Path) -> Vec<Problem> {
    let values: BTreeMap<String, String> = loaded
        .foreign_names
        .keys()
        .filter_map(|name| Some((name.clone(), std::env::var(name).ok()?)))
        .collect();
    let spec = &loaded.spec;
    let absent = spec.services.iter().filter_map(|(service, wanted)| {
        let request = KeepRelease {
            service: ServiceKey {
                app: spec.app.clone(),
                environment: spec.environment.clone(),
                service: service.clone(),
            },
            spec: wanted.clone(),
            folder: folder.to_owned(),
            values: values.clone(),
            need_urls: BTreeMap::new(),
            surroundings: surroundings(),
        };
        let why = wire::absent(&request)?;
        Some(not_here(service, *loaded.programs.get(service)?, &why))
    });
    absent.collect()
}
