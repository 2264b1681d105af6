//! What a service that starts waits for, as clients see it.

use std::collections::BTreeMap;

use windlass_api::{NotReadyView, UnreadyView};
use windlass_edge::JournalEntry;
use windlass_engine::rollout::{Phase, Rollout};
use windlass_model::{Fact, Instance, RolloutPhase, ServiceName};

/// Its instances that are not ready, with what each answered last; of one that answers for itself.
pub(crate) fn not_ready(rollout: &Rollout, rows: &[JournalEntry]) -> Option<NotReadyView> {
    let probe = &rollout.plan.spec.ready;
    if !matches!(rollout.phase, Phase::Starting { .. }) || !probe.asks_the_instance() {
        return None;
    }
    let health = &rollout.health;
    let instances = rollout.candidate.instances.iter();
    let late =
        instances.filter(|i| health.started.contains(&i.id) && !health.ready.contains(&i.id));
    let instances: BTreeMap<_, _> = late.map(|i| (i.id.clone(), seen(rollout, i))).collect();
    if instances.is_empty() {
        return None;
    }
    let (since_us, stood_us, is_held) = started(&rollout.service, rows)?;
    let within_us = i64::try_from(probe.within.as_millis().saturating_mul(1_000));
    let until_us = since_us
        .saturating_add(stood_us)
        .saturating_add(within_us.unwrap_or(i64::MAX));
    Some(NotReadyView {
        probe: probe.clone(),
        since_us,
        until_us: (!is_held).then_some(until_us),
        instances,
    })
}

fn seen(rollout: &Rollout, instance: &Instance) -> UnreadyView {
    UnreadyView {
        address: instance.address,
        saw: rollout.health.last_seen.get(&instance.id).cloned(),
    }
}

/// When it began to start, how long it has been held since, and whether it is.
fn started(service: &ServiceName, rows: &[JournalEntry]) -> Option<(i64, i64, bool)> {
    let (mut since, mut stood, mut held) = (None, 0_i64, None);
    let told = rows
        .iter()
        .flat_map(|row| row.facts.iter().map(|fact| (row.at_us, fact)));
    for (at_us, fact) in told {
        match fact {
            Fact::PhaseEntered {
                service: whose,
                phase: RolloutPhase::Starting,
            } if whose == service => (since, stood) = (Some(at_us), 0),
            Fact::Held { .. } => held = held.or(Some(at_us)),
            Fact::Resumed { .. } | Fact::Expedited { .. } => {
                let from = held.take().unwrap_or(at_us).max(since.unwrap_or(at_us));
                stood = stood.saturating_add(at_us - from);
            }
            _ => {}
        }
    }
    Some((since?, stood, held.is_some()))
}
