//! What must hold of a table before it is in effect.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::net::sockopt;
use windlass_control::{Refusal, Trip, TripRule, Tripwire};
use windlass_model::{Halt, Percent, Route, RouteMode, ServiceKey};

use crate::latch;
use crate::limits::BACKLOG;
use crate::live::{Entry, EntrySlot, Services};

/// The name of a halter whose file can't be read.
const SOMEBODY: &str = "somebody";

pub(crate) fn invalid(what: impl Into<String>) -> Refusal {
    Refusal::Invalid(what.into())
}

/// A socket that is what the message says: a listening TCP socket bound to `address`.
pub(crate) fn checked(address: SocketAddr, socket: OwnedFd) -> Result<TcpListener, Refusal> {
    let refused = |what: &str| invalid(format!("the descriptor for {address} {what}"));
    let listens = sockopt::socket_acceptconn(&socket).unwrap_or(false);
    let listener = TcpListener::from(socket);
    let bound = listener.local_addr();
    if !listens || !bound.is_ok_and(|bound| bound == address) {
        return Err(refused("is no socket listening there"));
    }
    let ready = listener.set_nonblocking(true);
    ready.map_err(|why| refused(&format!("can't be used: {why}")))?;
    // Set anew, because whoever bound it may have asked for a short queue.
    rustix::net::listen(&listener, BACKLOG)
        .map_err(|why| refused(&format!("can't be used: {why}")))?;
    Ok(listener)
}

pub(crate) fn check_route(key: &ServiceKey, route: &Route) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for slot in &route.slots {
        if !seen.insert(slot.slot) {
            return Err(invalid(format!("{key} names slot {} twice", slot.slot)));
        }
    }
    let sum: u32 = route.slots.iter().map(|s| u32::from(s.weight.get())).sum();
    let splits = route.mode == RouteMode::Serve && !route.slots.is_empty();
    if splits && sum != 100 {
        return Err(invalid(format!(
            "the weights of {key} add up to {sum}, not 100"
        )));
    }
    Ok(())
}

/// Refuses a share for a slot that can't carry it: without any instance always, with instances that
/// are all known unready when a raise gives it more than it has.
pub(crate) fn check_capacity(
    key: &ServiceKey,
    before: Option<&Entry>,
    entry: &Entry,
    raise: bool,
) -> Result<(), Refusal> {
    let had = |slot: &EntrySlot| {
        let id = slot.state.slot;
        before.map_or(0, |b| b.route.weight(id).get())
    };
    for slot in &entry.slots {
        let none = slot.weight > 0 && slot.instances.is_empty();
        let grows = slot.weight > had(slot);
        if none || (raise && grows && !slot.has_ready()) {
            return Err(Refusal::NoCapacity {
                service: key.clone(),
                slot: slot.state.slot,
            });
        }
    }
    Ok(())
}

/// Refuses a listener that would have no certificate to show. Files that have become bad since they
/// were read are no reason: what was read stays in use.
pub(crate) fn check_certificates(key: &ServiceKey, entry: &Entry) -> Result<(), Refusal> {
    for certificate in entry.certificates.iter().flatten() {
        certificate.look();
        if let Some(why) = certificate.fault() {
            return Err(invalid(format!("the certificate of {key}: {why}")));
        }
    }
    Ok(())
}

pub(crate) fn check_listeners(
    services: &Services,
    is_held: impl Fn(SocketAddr) -> bool,
) -> Result<(), Refusal> {
    let mut owners = BTreeMap::new();
    for (key, entry) in services {
        for listen in &entry.route.listeners {
            let owner = owners.insert((listen.address, &listen.host, &listen.path), key);
            // Its own: with another certificate, or none, while that is being changed.
            if let Some(owner) = owner.filter(|owner| *owner != key) {
                return Err(invalid(format!("{listen} of {key} belongs to {owner}")));
            }
            // Where metrics are asked for keeps nobody from being served.
            let address = listen.address;
            if !is_held(address) {
                return Err(invalid(format!(
                    "no listening socket for {address} of {key} was handed over"
                )));
            }
        }
    }
    Ok(())
}

/// Refuses a tripwire that could raise, that lacks what its way back needs, or whose trip could not
/// be kept.
pub(crate) fn check_tripwire(
    key: &ServiceKey,
    tripwire: &Tripwire,
    services: &Services,
) -> Result<(), Refusal> {
    let refused = |what: &str| {
        let id = &tripwire.id.0;
        Err(invalid(format!("the way back of tripwire {id} {what}")))
    };
    let Some(own) = tripwire.way_back.get(key) else {
        return refused(&format!("does not name {key}"));
    };
    if own.weight(tripwire.slot) > Percent::ZERO {
        return refused(&format!("gives slot {} a share", tripwire.slot));
    }
    for (service, route) in &tripwire.way_back {
        if !services.contains_key(service) {
            return refused(&format!("names {service}, which is not routed"));
        }
        check_route(service, route)?;
        let named = |address| {
            let all = services.values();
            let mut all = all.flat_map(|entry| &entry.route.listeners);
            all.any(|listen| listen.address == address)
        };
        if !route.listeners.iter().all(|listen| named(listen.address)) {
            return refused(&format!("needs a listener of {service} that is closed"));
        }
    }
    let largest = Trip {
        id: tripwire.id.clone(),
        service: key.clone(),
        slot: tripwire.slot,
        rule: TripRule::ConnectFailures,
        answers: u64::MAX,
        errors: u64::MAX,
        slow: u64::MAX,
        at_us: i64::MIN,
        took_back: tripwire.way_back.keys().cloned().collect(),
        withheld: None,
    };
    if !latch::fits(&largest) {
        return refused("names more services than a trip can hold");
    }
    Ok(())
}

/// Refuses while a person's halt lies there. One that can't be read is somebody's halt.
pub(crate) fn check_halt(halted: &Path) -> Result<(), Refusal> {
    let halt = match std::fs::read(halted) {
        Ok(bytes) => serde_json::from_slice::<Halt>(&bytes).ok(),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(_unreadable) => None,
    };
    let by = halt.map_or_else(|| SOMEBODY.to_owned(), |halt| halt.by);
    Err(Refusal::Halted(by))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use windlass_control::{Generation, TripwireId};
    use windlass_model::{Instance, InstanceId, Label, Probe, RouteSlot, SlotId, Speaks, Version};

    use super::*;
    use crate::core::Core;

    /// Slots 1 and up with these shares.
    fn route(weights: &[u8]) -> Route {
        let slot = |(number, weight): (u32, &u8)| RouteSlot {
            slot: SlotId(number),
            label: Label::Blue,
            version: Version(format!("v{number}")),
            weight: Percent::new(u64::from(*weight)).expect("a share"),
            instances: vec![Instance {
                id: InstanceId::from_tail(&format!("{number}x0")).expect("an id"),
                place: "local".to_owned(),
                address: ([127, 0, 0, 1], 9).into(),
            }],
            probe: Probe::default(),
            speaks: Speaks::default(),
        };
        Route {
            listeners: Vec::new(),
            mode: RouteMode::Serve,
            slots: (1..).zip(weights).map(slot).collect(),
            traffic: Box::default(),
            thresholds: Vec::new(),
        }
    }

    /// Any three shares, most of which come to a whole.
    fn shares() -> impl Strategy<Value = [u8; 3]> {
        (0u8..=100, 0u8..=100, any::<bool>()).prop_map(|(one, other, whole)| {
            let other = if whole { other.min(100 - one) } else { other };
            [one, other, 100 - one.saturating_add(other).min(100)]
        })
    }

    proptest! {
        /// Whatever way back is asked for, one that is armed takes everything from what it watches, and
        /// shares out a whole.
        #[test]
        fn a_tripwire_never_raises_what_it_watches(
            now in shares(), back in shares(), watched in 1u32..=4,
        ) {
            let core = Core::new(1, 8, Path::new("state")).expect("chance");
            let key = ServiceKey::try_from("shop/default/web".to_owned()).expect("a key");
            let tripwire = Tripwire {
                id: TripwireId("dep_1/web/1".to_owned()),
                slot: SlotId(watched),
                errors_above: None,
                slower: None,
                way_back: [(key.clone(), route(&back))].into(),
            };
            let entry = core.entry(&key, Generation(1), route(&now), Some(tripwire.clone()));
            let before = entry.route.weight(SlotId(watched));
            let services: Services = [(key.clone(), Arc::new(entry))].into();
            if check_tripwire(&key, &tripwire, &services).is_ok() {
                let after = &tripwire.way_back[&key];
                prop_assert_eq!(after.weight(SlotId(watched)), Percent::ZERO);
                prop_assert!(after.weight(SlotId(watched)) <= before);
                let sum: u32 = after.slots.iter().map(|s| u32::from(s.weight.get())).sum();
                prop_assert_eq!(sum, 100);
            }
        }
    }
}
