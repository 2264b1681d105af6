//! What a router may take back by itself: computed with each swap, from nothing but the deployment's
//! state, so that whoever resumes asks for the same.

use std::collections::{BTreeMap, BTreeSet};

use windlass_model::{Rate, Rule, ServiceName, Slower, Then, Trigger};

use super::advance::goes_back;
use super::state::{Action, Deployment, Wire};
use crate::rollout::{self, Begun, Phase, Rollout};

/// `action` of `service` with the tripwires that its swap arms and disarms.
pub(super) fn with(
    deployment: &Deployment,
    service: &ServiceName,
    action: rollout::Action,
) -> Action {
    let wires = match (&action, deployment.rollouts.get(service)) {
        (rollout::Action::ApplyRoute { .. }, Some(rollout)) if rollout.keeps_standby() => {
            if is_forward(rollout) {
                armed(deployment, service)
            } else {
                // Where it goes now there is nothing to take back, or nobody to take it from.
                BTreeMap::from([(service.clone(), None)])
            }
        }
        (
            rollout::Action::ApplyRoute { .. }
            | rollout::Action::StartInstance(_)
            | rollout::Action::AwaitDrain { .. }
            | rollout::Action::StopInstance { .. }
            | rollout::Action::KeepInstance { .. }
            | rollout::Action::StartTimer { .. },
            _,
        ) => BTreeMap::new(),
    };
    Action::Rollout {
        service: service.clone(),
        action,
        wires,
    }
}

/// Whether a route that it asks for now is a raise.
fn is_forward(rollout: &Rollout) -> bool {
    !goes_back(rollout) && !rollout.is_promoted()
}

/// Whether its candidate has a share, or is about to get one, that can be taken back by a swap.
fn is_moved(rollout: &Rollout) -> bool {
    let moves = rollout.moved || matches!(rollout.phase, Phase::Shifting { .. });
    rollout.keeps_standby() && is_forward(rollout) && moves
}

/// Who is next to whom, along the needs of one plan.
type Edges<'a> = BTreeMap<&'a ServiceName, BTreeSet<&'a ServiceName>>;

/// All that can be reached from `start`, which is among it.
fn reached<'a>(edges: &Edges<'a>, start: &'a ServiceName) -> BTreeSet<&'a ServiceName> {
    let mut found = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(service) = open.pop() {
        for next in edges.get(service).into_iter().flatten() {
            if found.insert(next) {
                open.push(next);
            }
        }
    }
    found
}

/// Wires by the service whose candidate they watch.
type Wires = BTreeMap<ServiceName, Option<Wire>>;

/// The wires that a raise of `service` arms: its own, and those of the moved services that it needs,
/// whose way back is longer by this one now.
fn armed(deployment: &Deployment, service: &ServiceName) -> Wires {
    let mut providers = Edges::new();
    for (consumer, part) in &deployment.plan.rollouts {
        providers
            .entry(consumer)
            .or_default()
            .extend(part.needs.iter());
    }
    let Some((service, _)) = deployment.rollouts.get_key_value(service) else {
        return Wires::new();
    };
    wires(deployment, reached(&providers, service))
}

/// What is armed again where a promotion is called off: the wires of all whose share is confirmed.
pub(super) fn again(deployment: &Deployment) -> Option<Action> {
    let confirmed = deployment.rollouts.iter().filter(|(_, r)| r.moved);
    let wires = wires(deployment, confirmed.map(|(service, _)| service));
    (!wires.is_empty()).then_some(Action::Arm(wires))
}

/// The wires of those of `watched` that have moved.
fn wires<'a>(
    deployment: &'a Deployment,
    watched: impl IntoIterator<Item = &'a ServiceName>,
) -> Wires {
    let mut consumers = Edges::new();
    for (consumer, part) in &deployment.plan.rollouts {
        for provider in &part.needs {
            consumers.entry(provider).or_default().insert(consumer);
        }
    }
    let moved = |name: &ServiceName| deployment.rollouts.get(name).filter(|r| is_moved(r));
    let wire = |name: &'a ServiceName| {
        let rollout = moved(name)?;
        let back = reached(&consumers, name).into_iter();
        let way_back = back
            .filter_map(|name| Some((name.clone(), moved(name)?.route_back()?)))
            .collect();
        let wire = Wire {
            attempt: rollout.counters.attempt,
            slot: rollout.candidate.id,
            errors_above: errors_above(&rollout.plan.spec.rollback_on),
            slower: slower(&rollout.plan.spec.rollback_on),
            way_back,
        };
        Some((name.clone(), Some(wire)))
    };
    watched.into_iter().filter_map(wire).collect()
}

/// The lowest share of errors that takes back by itself.
fn errors_above(rules: &[Rule]) -> Option<Rate> {
    let alone = rules.iter().filter(|rule| rule.then == Then::Rollback);
    let rates = alone.filter_map(|rule| match &rule.all[..] {
        [Trigger::ErrorRate { above, .. } | Trigger::ErrorRateOver { above, .. }] => Some(*above),
        _others => None,
    });
    rates.min()
}

/// The lowest time of answers that takes back by itself, the share that may take longer, and for how long.
fn slower(rules: &[Rule]) -> Option<Slower> {
    let alone = rules.iter().filter(|rule| rule.then == Then::Rollback);
    let slower = alone.filter_map(|rule| match &rule.all[..] {
        [
            Trigger::Slow {
                percentile,
                above,
                lasting,
            },
        ] => Some(Slower {
            than: *above,
            above: percentile.0.rest(),
            lasting: *lasting,
        }),
        _others => None,
    });
    slower.min()
}

impl Deployment {
    /// Services that may have a tripwire armed: what must be disarmed before the promotion, and when a
    /// person has ended by hand what was stuck.
    pub fn wired(&self) -> BTreeSet<ServiceName> {
        let asked =
            |rollout: &Rollout| rollout.keeps_standby() && rollout.has_begun(Begun::Routing);
        self.rollouts
            .iter()
            .filter(|(_, rollout)| asked(rollout))
            .map(|(service, _)| service.clone())
            .collect()
    }
}
