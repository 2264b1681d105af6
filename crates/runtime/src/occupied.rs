//! Places that somebody else serves already.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::rc::Rc;

use windlass_edge::ErrorKind;
use windlass_model::{Environment, EnvironmentName, Listen, ServiceName};

use crate::controller::Shared;

/// What of the wanted places can't be had, and where those live that have it.
#[derive(Default)]
pub(crate) struct Occupied {
    /// A sentence for each.
    pub(crate) lines: Vec<String>,
    /// Environments of this installation whose services are in the way; a program that is none of ours
    /// has none.
    pub(crate) holders: BTreeSet<EnvironmentName>,
}

impl Occupied {
    /// A place that another application or environment of this installation serves, or a program that is
    /// none of ours, can't be served twice: known before anything starts. Within one environment the
    /// engine says so.
    pub(crate) async fn of(
        shared: &Rc<Shared>,
        environment: &Environment,
        wanted: impl Iterator<Item = (&ServiceName, &Listen)>,
    ) -> Self {
        let (own, others) = by_owner(shared, environment);
        let mut known: BTreeSet<SocketAddr> = own
            .iter()
            .flat_map(|served| served.listen.addresses())
            .collect();
        let mut occupied = Self::default();
        for (service, listen) in wanted {
            let before = occupied.lines.len();
            for other in others.iter().filter(|other| meet(&other.listen, listen)) {
                let (owner, at) = (&other.owner, &other.listen);
                occupied.add(
                    format!("{service} wants to listen on {listen}, and {owner} serves {at}"),
                    other,
                );
            }
            // Until promotion its own old place is open too.
            for other in own.iter().chain(&others) {
                if let Some(line) = crossing(service, listen, other) {
                    occupied.add(line, other);
                }
            }
            if occupied.lines.len() > before {
                continue;
            }
            for address in listen.addresses().filter(|address| known.insert(*address)) {
                // A router that can't be asked says nothing against it: the deployment meets that soon
                // enough.
                if let Err(why) = shared.border.router.may_listen(address).await
                    && why.kind == ErrorKind::Conflict
                {
                    occupied.lines.push(format!("{service}: {}", why.chain()));
                }
            }
        }
        occupied
    }

    fn add(&mut self, line: String, holder: &Served) {
        self.lines.push(line);
        self.holders.insert(holder.environment.clone());
    }
}

/// A place that is served, and who serves it.
struct Served {
    listen: Listen,
    owner: String,
    environment: EnvironmentName,
}

/// What this environment serves, and what others do.
fn by_owner(shared: &Rc<Shared>, environment: &Environment) -> (Vec<Served>, Vec<Served>) {
    let environments = shared.environments.borrow();
    let is_own = |other: &&Environment| {
        other.app == environment.app && other.environment == environment.environment
    };
    let all = |of: &Environment| served(shared, of);
    let own = environments.values().filter(is_own).flat_map(all);
    let others = environments.values().filter(|other| !is_own(other));
    (own.collect(), others.flat_map(all).collect())
}

/// What an environment serves, or is about to, and who.
fn served(shared: &Rc<Shared>, environment: &Environment) -> Vec<Served> {
    let stable = environment.services.iter();
    let stable =
        stable.filter_map(|(name, now)| Some((now.stable.as_ref()?.spec.listen.clone()?, name)));
    let mut all: BTreeMap<Listen, ServiceName> = stable
        .map(|(listen, name)| (listen, name.clone()))
        .collect();
    let running = shared.running.borrow();
    if let Some(driven) = environment.lock.as_ref().and_then(|id| running.get(id)) {
        for (name, rollout) in &driven.now.borrow().rollouts {
            if let Some(listen) = &rollout.candidate.spec.listen {
                all.insert(listen.clone(), name.clone());
            }
        }
    }
    let place = format!("of {} in {}", environment.app, environment.environment);
    let all = all.into_iter().map(|(listen, name)| Served {
        listen,
        owner: format!("{name} {place}"),
        environment: environment.environment.clone(),
    });
    all.collect()
}

/// Whether two services can't be served there at once.
fn meet(one: &Listen, other: &Listen) -> bool {
    if one.address == other.address {
        return one.is_same_place(other) || one.mixes_with(other);
    }
    overlap(one.address, other.address)
}

/// Says that one of both would have requests come in where the other has its metrics, if that is so.
fn crossing(service: &ServiceName, listen: &Listen, other: &Served) -> Option<String> {
    let (at, owner) = (&other.listen, &other.owner);
    let on = |address, metrics: Option<SocketAddr>| {
        metrics.filter(|metrics| *metrics == address || overlap(*metrics, address))
    };
    if let Some(metrics) = on(at.address, listen.metrics) {
        return Some(format!(
            "{service} wants its metrics on {metrics}, and {owner} serves {at}"
        ));
    }
    on(listen.address, at.metrics).map(|metrics| {
        format!("{service} wants to listen on {listen}, and {owner} has its metrics on {metrics}")
    })
}

/// Whether two different addresses can't both be listened on.
fn overlap(here: SocketAddr, there: SocketAddr) -> bool {
    let wildcard = here.ip().is_unspecified() || there.ip().is_unspecified();
    here.port() == there.port() && wildcard && here.is_ipv4() == there.is_ipv4()
}
