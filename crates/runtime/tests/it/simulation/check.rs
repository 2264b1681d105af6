//! What must hold of every story, and of two that must end alike.

use std::collections::{BTreeMap, BTreeSet};

use windlass_control::Restart;
use windlass_model::{
    DeploymentId, Environment, InstanceId, Label, Outcome, Percent, RouteMode, ServiceName,
    ServiceState, Slot,
};
use windlass_testkit::{Effect, Ending};

use super::play::{Played, PlayedRound};
use super::story::{Round, Story};

/// Everything that is wrong with a story; empty when all is well.
pub(super) fn complaints(story: &Story, played: &Played) -> Vec<String> {
    let mut wrong = played.complaints.clone();
    if played.panicked {
        wrong.push("a task panicked".to_owned());
    }
    for split in &played.splits {
        if !split.without_capacity.is_empty() {
            wrong.push(format!("requests to a slot without capacity: {split:?}"));
        }
    }
    wrong.extend(stopped_while_fed(played));
    wrong.extend(broken_chains(played));
    for (round, played) in story.rounds.iter().zip(&played.rounds) {
        let told = round_complaints(round, played);
        wrong.extend(
            told.into_iter()
                .map(|what| format!("{:?}: {what}", played.deployment)),
        );
    }
    wrong
}

/// No instance is stopped while its slot has a share.
fn stopped_while_fed(played: &Played) -> Vec<String> {
    let stops = played
        .lines
        .iter()
        .filter(|line| line.effect == Effect::Stopped);
    let mut wrong = Vec::new();
    for stop in stops {
        let mut now = BTreeMap::new();
        for split in played.splits.iter().filter(|split| split.at <= stop.at) {
            now.insert(&split.service, split);
        }
        let routes = now.values().filter_map(|split| split.route.as_ref());
        let fed = routes
            .flat_map(|route| &route.slots)
            .filter(|slot| slot.weight > Percent::ZERO);
        for slot in fed {
            if slot.instances.iter().any(|i| i.id.as_str() == stop.key) {
                wrong.push(format!(
                    "stopped while slot {} has {}: {stop:?}",
                    slot.slot, slot.weight
                ));
            }
        }
    }
    wrong
}

/// Numbers of each journal have no gap, sequences rise.
fn broken_chains(played: &Played) -> Vec<String> {
    let mut next: BTreeMap<&DeploymentId, u64> = BTreeMap::new();
    let mut last = 0;
    let mut wrong = Vec::new();
    for row in &played.rows {
        let expected = next.entry(&row.deployment).or_default();
        if row.number != *expected || row.sequence <= last {
            wrong.push(format!(
                "row {} of {} is out of order",
                row.number, row.deployment
            ));
        }
        *expected = row.number + 1;
        last = row.sequence;
    }
    wrong
}

fn round_complaints(round: &Round, played: &PlayedRound) -> Vec<String> {
    let mut wrong: Vec<String> = played.refused.iter().cloned().collect();
    if let Some(holder) = &played.after.lock {
        wrong.push(format!("the lock of {holder} was never freed"));
    }
    for service in played.tripped.intersection(&played.promoted) {
        wrong.push(format!("{service} was tripped and promoted"));
    }
    if played.trips > 0 {
        wrong.push(format!("{} trips were never journalled", played.trips));
    }
    wrong.extend(running(played));
    wrong.extend(routed(played));
    match &played.deployment {
        Some((_, Ending::Ended(outcome))) => {
            wrong.extend(all_new_or_all_old(round, played, *outcome));
        }
        Some((_, ending)) => wrong.push(format!("it did not end: {ending:?}")),
        None => {}
    }
    wrong
}

fn slots(environment: &Environment) -> Vec<&Slot> {
    let states = environment.services.values();
    states
        .flat_map(|state| state.stable.iter().chain(&state.standby))
        .collect()
}

/// What runs is what stable and standby name, each under the policy of a stable one, from releases
/// that are still kept.
fn running(played: &PlayedRound) -> Vec<String> {
    let named: BTreeSet<InstanceId> = slots(&played.after)
        .into_iter()
        .flat_map(|slot| slot.instances.iter().map(|i| i.id.clone()))
        .collect();
    let mut wrong = Vec::new();
    for (id, restart) in &played.alive {
        if !named.contains(id) {
            wrong.push(format!(
                "{id} runs, and neither stable nor standby names it"
            ));
        } else if *restart != Restart::BackOff {
            wrong.push(format!("{id} would not be started again"));
        }
    }
    for id in named.iter().filter(|id| !played.alive.contains_key(*id)) {
        wrong.push(format!("{id} is named and does not run"));
    }
    for slot in slots(&played.after) {
        if !played.kept.contains(&slot.release.identity) {
            wrong.push(format!(
                "release {} is not kept any more",
                slot.release.version
            ));
        }
    }
    wrong
}

/// The router has what stable says, and nothing else.
fn routed(played: &PlayedRound) -> Vec<String> {
    let gone = |name: &&ServiceName| !played.after.services.contains_key(*name);
    let mut wrong: Vec<String> = played
        .routes
        .iter()
        .filter(|(name, route)| gone(name) && route.is_some())
        .map(|(name, route)| format!("{name} is no service any more and has {route:?}"))
        .collect();
    for (service, state) in &played.after.services {
        let route = played.routes.get(service).cloned().flatten();
        let Some((stable, listen)) = state
            .stable
            .as_ref()
            .and_then(|s| Some((s, s.spec.listen.clone()?)))
        else {
            if let Some(route) = route {
                wrong.push(format!("{service} listens nowhere and has {route:?}"));
            }
            continue;
        };
        let Some(route) = route else {
            wrong.push(format!("{service} has no route"));
            continue;
        };
        if route.listeners != [listen] || route.mode != RouteMode::Serve {
            wrong.push(format!("{service} is served otherwise: {route:?}"));
        }
        for slot in &route.slots {
            let (weight, same) = if slot.slot == stable.id {
                (Percent::FULL, slot.instances == stable.instances)
            } else {
                let standby = state
                    .standby
                    .as_ref()
                    .filter(|standby| standby.id == slot.slot);
                (
                    Percent::ZERO,
                    standby.is_none_or(|standby| slot.instances == standby.instances),
                )
            };
            if slot.weight != weight || !same {
                wrong.push(format!(
                    "{service} has slot {} at {}: {route:?}",
                    slot.slot, slot.weight
                ));
            }
        }
        let labels: BTreeSet<Label> = route.slots.iter().map(|slot| slot.label).collect();
        if labels.len() != route.slots.len() {
            wrong.push(format!("{service} has two slots of one label"));
        }
    }
    wrong
}

fn release(state: Option<&ServiceState>) -> Option<String> {
    let stable = state.and_then(|state| state.stable.as_ref())?;
    let listen = stable.spec.address();
    Some(format!(
        "{} x{} {listen:?}",
        stable.release.identity.short(),
        stable.instances.len()
    ))
}

/// Each service is wholly new or wholly old, as the outcome says.
fn all_new_or_all_old(round: &Round, played: &PlayedRound, outcome: Outcome) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut new, mut old) = (0, 0);
    for service in round.app.spec().services.keys() {
        let before = release(round.known_in(&played.before, service));
        let after = release(round.known_in(&played.after, service));
        if played.promoted.contains(service) {
            new += 1;
            let wanted = &round.app.spec().services[service];
            let stable = played.after.services[service].stable.as_ref();
            if stable.is_none_or(|stable| {
                stable.spec.listen != wanted.listen
                    || stable.instances.len() != usize::from(wanted.process.instances)
            }) {
                wrong.push(format!("{service} is promoted and not as wanted"));
            }
        } else if before == after {
            old += 1;
        } else {
            wrong.push(format!(
                "{service} went from {before:?} to {after:?} by itself"
            ));
        }
    }
    let fits = match outcome {
        // A name alone may be all that is new.
        Outcome::Promoted => new > 0 || !played.renamed.is_empty(),
        Outcome::PartlyPromoted => new > 0 && old > 0,
        Outcome::RolledBack | Outcome::Failed => new == 0,
        // Nobody gives up a deployment in these stories.
        Outcome::Abandoned => false,
    };
    if !fits {
        wrong.push(format!("{outcome:?} with {new} new and {old} old"));
    }
    wrong
}

/// Where two plays of one story ended differently.
pub(super) fn differences(whole: &Played, played: &Played) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, (one, other)) in whole.rounds.iter().zip(&played.rounds).enumerate() {
        let ending = |round: &PlayedRound| round.deployment.as_ref().map(|(_, ending)| *ending);
        if ending(one) != ending(other) {
            wrong.push(format!(
                "round {number} ended {:?} without a crash and {:?} with one",
                ending(one),
                ending(other)
            ));
        }
        let (one, other) = (shape(&one.after), shape(&other.after));
        if one != other {
            wrong.push(format!(
                "round {number} left {one:?} without a crash and {other:?} with one"
            ));
        }
    }
    wrong
}

/// What runs, without the ids.
fn shape(environment: &Environment) -> BTreeMap<String, (Option<String>, Option<String>)> {
    let slot = |slot: &Slot| {
        format!(
            "{} x{} {:?}",
            slot.release.identity.short(),
            slot.instances.len(),
            slot.spec.address()
        )
    };
    let states = environment.services.iter();
    states
        .map(|(name, state)| {
            (
                name.to_string(),
                (
                    state.stable.as_ref().map(slot),
                    state.standby.as_ref().map(slot),
                ),
            )
        })
        .collect()
}
