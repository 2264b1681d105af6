//! Services that have another name now.

use std::collections::BTreeMap;

use windlass_model::{Environment, ServiceName, Spec};

use super::problem::PlanProblem;

/// From new names to old ones: whatever `was` says of a service that runs under that name and not
/// under the new one. Once it is done the key in the file means nothing any more.
pub(super) fn renames(
    spec: &Spec,
    environment: &Environment,
) -> Result<BTreeMap<ServiceName, ServiceName>, Vec<PlanProblem>> {
    let runs = |service: &ServiceName| {
        let state = environment.services.get(service);
        state.is_some_and(|state| state.stable.is_some())
    };
    // Also a failed candidate that was kept: the rename would forget it.
    let is_taken = |service: &ServiceName| {
        let state = environment.services.get(service);
        state.is_some_and(|state| state.slots().next().is_some())
    };
    let mut renames: BTreeMap<ServiceName, ServiceName> = BTreeMap::new();
    let mut heirs: BTreeMap<&ServiceName, &ServiceName> = BTreeMap::new();
    let mut problems = Vec::new();
    for (service, wanted) in &spec.services {
        let was = wanted.was.as_ref();
        let Some(was) = was.filter(|was| *was != service && runs(was)) else {
            continue;
        };
        let (service, was) = (service.clone(), was.clone());
        if is_taken(&service) {
            problems.push(PlanProblem::BothRun { service, was });
        } else if spec.services.contains_key(&was) {
            problems.push(PlanProblem::OldNameWanted { service, was });
        } else {
            renames.insert(service, was);
        }
    }
    for (service, was) in &renames {
        if let Some(other) = heirs.insert(was, service) {
            problems.push(PlanProblem::WasTwice {
                service: service.clone(),
                other: other.clone(),
                was: was.clone(),
            });
        }
    }
    if problems.is_empty() {
        Ok(renames)
    } else {
        Err(problems)
    }
}
