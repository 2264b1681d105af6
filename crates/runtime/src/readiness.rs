//! What a service that starts waits for, or the script of its way back, as clients see it.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_api::{DeploymentView, NotReadyView, UnreadyView};
use windlass_edge::JournalEntry;
use windlass_engine::rollout::{Phase, Return, Rollout, Stage};
use windlass_model::{Fact, Instance, InstanceId, RolloutPhase, ServiceName};

use crate::controller::Shared;

/// Since when something is waited for, how long it has been held since, and whether it is.
type Clock = (i64, i64, bool);

/// Its instances that are not ready, with what each answered last; of one that answers for itself, or of the run
/// of a command.
pub(crate) fn not_ready(rollout: &Rollout, rows: &[JournalEntry]) -> Option<NotReadyView> {
    let waited_for = waited_for(rollout);
    let probe = rollout.probe_of(&waited_for.first()?.id);
    let is_a_command = rollout.plan.spec.command.is_some();
    if !is_a_command && !probe.asks_the_instance() {
        return None;
    }
    let health = &rollout.health;
    let late = waited_for
        .iter()
        .filter(|i| health.started.contains(&i.id) && !health.ready.contains(&i.id));
    let instances: BTreeMap<_, _> = late.map(|i| (i.id.clone(), seen(rollout, i))).collect();
    if instances.is_empty() {
        return None;
    }
    let begun = match &rollout.phase {
        Phase::Returning(_) => (ran(waited_for, rows)?, 0, false),
        _ => started(&rollout.service, rows)?,
    };
    let (since_us, stood_us, is_held) = begun;
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

/// What it waits for now: what it brings, or the script that takes it back.
fn waited_for(rollout: &Rollout) -> &[Instance] {
    let goes_back = matches!(
        rollout.phase,
        Phase::Returning(Return {
            stage: Stage::Restarting,
            ..
        })
    );
    if matches!(rollout.phase, Phase::Starting { late: None, .. }) {
        &rollout.candidate.instances
    } else if goes_back && rollout.plan.spec.command.is_some() {
        &rollout.back
    } else {
        &[]
    }
}

fn seen(rollout: &Rollout, instance: &Instance) -> UnreadyView {
    UnreadyView {
        address: instance.address,
        saw: rollout.health.last_seen.get(&instance.id).cloned(),
        process: None,
    }
}

/// Notes the process of each instance that is waited for, so that a person can look at one that hangs.
pub(crate) async fn name_processes(shared: &Rc<Shared>, view: &mut DeploymentView) {
    let driven = shared.running.borrow().get(&view.id).cloned();
    let Some(driven) = driven else {
        return;
    };
    for (service, part) in &mut view.rollouts {
        let late = part.not_ready.iter_mut();
        for (id, one) in late.flat_map(|late| &mut late.instances) {
            let instance = instance(&driven.now.borrow().rollouts, service, id);
            if let Some(instance) = instance {
                let process = shared.border.target.process(&instance).await;
                // Where it can't be told it is left out.
                one.process = process.ok().flatten();
            }
        }
    }
}

fn instance(
    rollouts: &BTreeMap<ServiceName, Rollout>,
    service: &ServiceName,
    id: &InstanceId,
) -> Option<Instance> {
    let mut waited_for = waited_for(rollouts.get(service)?).iter();
    waited_for.find(|instance| instance.id == *id).cloned()
}

/// When the run of a way back began.
fn ran(back: &[Instance], rows: &[JournalEntry]) -> Option<i64> {
    let is_ours = |fact: &Fact| match fact {
        Fact::CommandStarted { instance, .. } => back.iter().any(|one| one.id == *instance),
        _ => false,
    };
    let newest = rows.iter().rev();
    let mut begun = newest.filter(|row| row.facts.iter().any(is_ours));
    begun.next().map(|row| row.at_us)
}

/// When it began to start, how long it has been held since, and whether it is.
fn started(service: &ServiceName, rows: &[JournalEntry]) -> Option<Clock> {
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
