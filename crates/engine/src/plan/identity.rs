//! The id of a plan.

use std::collections::BTreeMap;

use serde::Serialize;
use windlass_model::{Environment, PlanId, Release, ServiceName, Spec};

use super::compile::Input;
use crate::sha256;

/// All that a plan id covers: no ports, instance ids or times.
#[derive(Serialize)]
struct Covered<'a> {
    spec: &'a Spec,
    releases: &'a BTreeMap<ServiceName, Release>,
    roles: BTreeMap<&'a ServiceName, Roles<'a>>,
    revision: u64,
}

#[derive(Serialize)]
pub(super) struct Roles<'a> {
    stable: Option<&'a Release>,
    standby: Option<&'a Release>,
}

/// Digest of spec, release digests, each service's stable and role, and the revision.
pub(super) fn plan_id(input: Input<'_>) -> PlanId {
    short_id(&Covered {
        spec: input.spec,
        releases: input.releases,
        roles: roles(input.environment),
        revision: input.environment.revision,
    })
}

/// Each service's stable and standby release.
pub(super) fn roles(environment: &Environment) -> BTreeMap<&ServiceName, Roles<'_>> {
    environment
        .services
        .iter()
        // One in which nothing runs leaves no trace: a failed first deployment changes no plan.
        .filter(|(_, state)| state.stable.is_some() || state.standby.is_some())
        .map(|(service, state)| {
            let stable = state.stable.as_ref().map(|slot| &slot.release);
            let standby = state.standby.as_ref().map(|slot| &slot.release);
            (service, Roles { stable, standby })
        })
        .collect()
}

/// The first characters of the digest of all that an id covers.
pub(super) fn short_id(covered: &impl Serialize) -> PlanId {
    let text = serde_json::to_vec(covered).expect("plain data with text keys is JSON");
    let digest = sha256(&text);
    let tail: String = digest.as_str().chars().take(26).collect();
    PlanId::from_tail(&tail).expect("hex digits are allowed in an id")
}
