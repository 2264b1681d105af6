//! Which version a kept release is called.

use std::collections::BTreeMap;

use windlass_model::{Environment, Release, ServiceName, ServiceState, Spec, Version};

use super::problem::PlanProblem;
use super::rename::renames;
use crate::environment::renamed;

/// Gives each kept release its final version, or says why its label can't be used.
///
/// A label binds to the artefact: an old label on new files is refused, and so is a new label on an
/// unchanged release. The same label with another environment is a new release, shown `1.4.2+2`.
pub fn settle_versions(
    spec: &Spec,
    environment: &Environment,
    releases: &mut BTreeMap<ServiceName, Release>,
) -> Vec<PlanProblem> {
    // What is wrong with the names is said when the plan is made.
    let environment = &renamed(environment, &renames(spec, environment).unwrap_or_default());
    let mut problems = Vec::new();
    for (service, release) in releases {
        let state = environment.services.get(service);
        let label = spec.services.get(service).and_then(|s| s.version.as_ref());
        let known = state.map(known).unwrap_or_default();
        if let Some(label) = label {
            match settle(service, &Version(label.clone()), release, &known) {
                Ok(version) => release.version = version,
                Err(problem) => problems.push(problem),
            }
        } else if let Some(same) = known.iter().find(|k| k.identity == release.identity) {
            release.version = same.version.clone();
        }
    }
    problems
}

fn known(state: &ServiceState) -> Vec<&Release> {
    let slots = state.slots().map(|slot| &slot.release);
    let promoted = state.promoted.iter().map(|known| &known.release);
    slots.chain(promoted).collect()
}

/// Which release under `label` this version is: 1 for `1.4.2`, 2 for `1.4.2+2`; none under another.
fn number(version: &Version, label: &Version) -> Option<u32> {
    match version.0.strip_prefix(label.0.as_str())? {
        "" => Some(1),
        more => more.strip_prefix('+')?.parse().ok(),
    }
}

fn settle(
    service: &ServiceName,
    label: &Version,
    release: &Release,
    known: &[&Release],
) -> Result<Version, PlanProblem> {
    if let Some(same) = known.iter().find(|k| k.identity == release.identity) {
        if number(&same.version, label).is_some() {
            return Ok(same.version.clone());
        }
        return Err(PlanProblem::LabelUnused {
            service: service.clone(),
            label: label.clone(),
            known: same.version.clone(),
        });
    }
    let bearing = known
        .iter()
        .filter_map(|k| Some((number(&k.version, label)?, k)));
    if let Some((_, other)) = bearing
        .clone()
        .find(|(_, k)| k.artefact != release.artefact)
    {
        return Err(PlanProblem::LabelTaken {
            service: service.clone(),
            label: label.clone(),
            known: other.artefact.short().to_owned(),
        });
    }
    Ok(match bearing.map(|(number, _)| number).max() {
        None => label.clone(),
        Some(last) => Version(format!("{label}+{}", last.saturating_add(1))),
    })
}
