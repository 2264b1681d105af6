//! Who needs whom, within one plan.

use windlass_model::{Plan, ServiceName};

/// The services of `plan` that need `provider` directly.
pub(super) fn consumers<'p>(
    plan: &'p Plan,
    provider: &'p ServiceName,
) -> impl Iterator<Item = &'p ServiceName> {
    plan.rollouts
        .iter()
        .filter(move |(_, rollout)| rollout.needs.contains(provider))
        .map(|(service, _)| service)
}
