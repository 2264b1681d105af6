//! The id of a plan.

use std::collections::BTreeMap;

use serde::Serialize;
use windlass_model::{PlanId, Release, ServiceName, Spec};

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
struct Roles<'a> {
    stable: Option<&'a Release>,
    standby: Option<&'a Release>,
}

/// Digest of spec, release digests, each service's stable and role, and the revision.
pub(super) fn plan_id(input: Input<'_>) -> PlanId {
    let roles = input
        .environment
        .services
        .iter()
        // One in which nothing runs leaves no trace: a failed first deployment changes no plan.
        .filter(|(_, state)| state.stable.is_some() || state.standby.is_some())
        .map(|(service, state)| {
            let stable = state.stable.as_ref().map(|slot| &slot.release);
            let standby = state.standby.as_ref().map(|slot| &slot.release);
            (service, Roles { stable, standby })
        })
        .collect();
    let covered = Covered {
        spec: input.spec,
        releases: input.releases,
        roles,
        revision: input.environment.revision,
    };
    let text = serde_json::to_vec(&covered).expect("plain data with text keys is JSON");
    let digest = sha256(&text);
    let tail: String = digest.as_str().chars().take(26).collect();
    PlanId::from_tail(&tail).expect("hex digits are allowed in an id")
}
