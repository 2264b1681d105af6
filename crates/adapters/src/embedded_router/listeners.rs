//! The listening sockets: bound here, kept here, duplicates at the router.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{SocketAddr, TcpListener};

use windlass_control::{ObservedTable, TableChange, Tripwire};
use windlass_edge::{EdgeError, ErrorKind, Retry};
use windlass_model::{Listen, Millis, Route, ServiceKey};

use crate::owner;

/// Which addresses are held, and which of them are named.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    held: BTreeMap<SocketAddr, TcpListener>,
    /// By the routes in effect.
    routes: BTreeMap<ServiceKey, Vec<SocketAddr>>,
    /// By the ways back of armed tripwires: the router may go there by itself.
    ways_back: BTreeMap<ServiceKey, Vec<SocketAddr>>,
    /// By routes that a router which came back does not know any more: its table was lost. Clients wait
    /// there until somebody says what becomes of them.
    lost: BTreeMap<ServiceKey, Vec<SocketAddr>>,
}

impl Listeners {
    /// Learns from the router's table which addresses are named.
    pub(super) fn learn(&mut self, table: &ObservedTable) {
        let services = table.services.iter();
        self.routes = services
            .clone()
            .map(|(key, observed)| (key.clone(), named_by(&observed.route).collect()))
            .collect();
        self.ways_back = services
            .filter_map(|(key, observed)| {
                let tripwire = observed.tripwire.as_ref()?;
                Some((key.clone(), way_back(tripwire).collect()))
            })
            .collect();
    }

    /// Learns from the table of a router that came back. What it has lost stays held here.
    pub(super) fn learn_anew(&mut self, table: &ObservedTable) {
        let before = std::mem::take(&mut self.routes);
        self.learn(table);
        let known = &self.routes;
        let lost = before
            .into_iter()
            .filter(|(key, _)| !known.contains_key(key));
        self.lost.extend(lost);
        self.lost.retain(|key, _| !known.contains_key(key));
    }

    /// The sockets that the table names.
    pub(super) fn served(&self) -> impl Iterator<Item = (SocketAddr, &TcpListener)> {
        let named: BTreeSet<SocketAddr> = self.in_table().collect();
        self.held()
            .filter(move |(address, _)| named.contains(address))
    }

    /// Learns, and closes what is not named any more: a tripwire may have fired, and a socket that
    /// the router has let go of would only let clients wait.
    pub(super) fn follow(&mut self, table: &ObservedTable) {
        self.learn(table);
        self.close_unnamed();
    }

    /// Takes duplicates that another holder gave.
    pub(super) fn take(&mut self, given: BTreeMap<SocketAddr, TcpListener>) {
        for (address, listener) in given {
            self.held.entry(address).or_insert(listener);
        }
    }

    /// The sockets held.
    pub(super) fn held(&self) -> impl Iterator<Item = (SocketAddr, &TcpListener)> {
        self.held.iter().map(|(address, l)| (*address, l))
    }

    /// Addresses that are named and nobody here holds.
    pub(super) fn missing(&self) -> BTreeSet<SocketAddr> {
        let mut missing: BTreeSet<SocketAddr> = self.in_table().collect();
        missing.retain(|address| !self.held.contains_key(address));
        missing
    }

    fn in_table(&self) -> impl Iterator<Item = SocketAddr> {
        let named = self.routes.values().chain(self.ways_back.values());
        named.flatten().copied()
    }

    fn named(&self) -> BTreeSet<SocketAddr> {
        let lost = self.lost.values().flatten().copied();
        self.in_table().chain(lost).collect()
    }

    fn close_unnamed(&mut self) {
        let named = self.named();
        self.held.retain(|address, _| named.contains(address));
    }

    /// Binds what `change` names and is not held yet: all that requests come in at, or nothing. Where
    /// metrics are asked for is a convenience, and no return waits for it. The addresses bound.
    pub(super) fn bind_new(&mut self, change: &TableChange) -> Result<Vec<SocketAddr>, EdgeError> {
        let mut new = BTreeMap::new();
        let needed: BTreeSet<SocketAddr> = routes(change).flat_map(served_by).collect();
        for address in wanted(change) {
            if self.held.contains_key(&address) || new.contains_key(&address) {
                continue;
            }
            match bind(address) {
                Ok(listener) => drop(new.insert(address, listener)),
                Err(why) if needed.contains(&address) => return Err(why),
                Err(why) => tracing::error!(why = %why.chain(), "nobody can ask for metrics"),
            }
        }
        let addresses = new.keys().copied().collect();
        self.take(new);
        Ok(addresses)
    }

    /// Binds one address.
    pub(super) fn bind(&mut self, address: SocketAddr) -> Result<(), EdgeError> {
        let listener = bind(address)?;
        self.held.insert(address, listener);
        Ok(())
    }

    /// Whether an address could be bound: it is held, or nobody has it.
    pub(super) fn may_hold(&self, address: SocketAddr) -> Result<(), EdgeError> {
        if self.held.contains_key(&address) {
            return Ok(());
        }
        bind(address).map(drop)
    }

    /// Sockets for everything that `change` names.
    pub(super) fn of(&self, change: &TableChange) -> Vec<(SocketAddr, &TcpListener)> {
        let wanted = wanted(change);
        self.held().filter(|(a, _)| wanted.contains(a)).collect()
    }

    /// Closes these again.
    pub(super) fn close(&mut self, addresses: &[SocketAddr]) {
        self.held.retain(|address, _| !addresses.contains(address));
    }

    /// Closes all.
    pub(super) fn close_all(&mut self) {
        self.held.clear();
        self.routes.clear();
        self.ways_back.clear();
        self.lost.clear();
    }

    /// Notes an applied change, and closes what is not named any more.
    pub(super) fn applied(&mut self, change: &TableChange) {
        for (key, change) in &change.routes {
            if let Some(route) = &change.route {
                self.routes.insert(key.clone(), named_by(route).collect());
            } else {
                self.routes.remove(key);
                self.ways_back.remove(key);
            }
        }
        for (key, tripwire) in &change.tripwires {
            match tripwire {
                Some(armed) => self
                    .ways_back
                    .insert(key.clone(), way_back(armed).collect()),
                None => self.ways_back.remove(key),
            };
        }
        // The first change after a loss puts back whatever is to be served: the rest is gone.
        self.lost.clear();
        self.close_unnamed();
    }
}

fn wanted(change: &TableChange) -> BTreeSet<SocketAddr> {
    routes(change).flat_map(named_by).collect()
}

/// What a change routes, and what its tripwires would.
fn routes(change: &TableChange) -> impl Iterator<Item = &Route> {
    let routes = change.routes.values().filter_map(|c| c.route.as_ref());
    let armed = change.tripwires.values().flatten();
    routes.chain(armed.flat_map(|tripwire| tripwire.way_back.values()))
}

fn served_by(route: &Route) -> impl Iterator<Item = SocketAddr> {
    route.listeners.iter().map(|listen| listen.address)
}

fn way_back(tripwire: &Tripwire) -> impl Iterator<Item = SocketAddr> {
    tripwire.way_back.values().flat_map(named_by)
}

fn named_by(route: &Route) -> impl Iterator<Item = SocketAddr> {
    route.listeners.iter().flat_map(Listen::addresses)
}

fn bind(address: SocketAddr) -> Result<TcpListener, EdgeError> {
    TcpListener::bind(address).map_err(|why| {
        let (kind, retry, what) = match why.kind() {
            io::ErrorKind::AddrInUse => {
                let by = owner::of(address).map_or_else(String::new, |who| format!(" by {who}"));
                let retry = Retry::After(Millis::from_secs(1));
                (
                    ErrorKind::Conflict,
                    retry,
                    format!("{address} is taken{by}"),
                )
            }
            _other => {
                let what = format!("could not listen on {address}");
                (ErrorKind::Rejected, Retry::Never, what)
            }
        };
        EdgeError::new(kind, retry, what).because(why)
    })
}

#[cfg(test)]
mod tests {
    use windlass_control::{Direction, Generation, RouteChange, TripwireId};
    use windlass_model::{RouteMode, SlotId};

    use super::*;

    fn key() -> ServiceKey {
        ServiceKey::try_from("shop/default/web".to_owned()).expect("a key")
    }

    fn route(address: SocketAddr) -> Route {
        Route {
            listeners: vec![address.into()],
            mode: RouteMode::Serve,
            slots: Vec::new(),
            traffic: Box::default(),
            thresholds: Vec::new(),
        }
    }

    fn change(address: SocketAddr, back: Option<SocketAddr>) -> TableChange {
        let route_change = RouteChange {
            direction: Direction::Raise,
            decided_on: Generation::default(),
            route: Some(route(address)),
        };
        let tripwire = back.map(|back| Tripwire {
            id: TripwireId("one".to_owned()),
            slot: SlotId::default(),
            errors_above: None,
            slower: None,
            way_back: BTreeMap::from([(key(), route(back))]),
        });
        TableChange {
            routes: BTreeMap::from([(key(), route_change)]),
            tripwires: BTreeMap::from([(key(), tripwire)]),
            relies_on: BTreeMap::new(),
        }
    }

    fn free() -> SocketAddr {
        let any = TcpListener::bind("127.0.0.1:0").expect("a listener");
        any.local_addr().expect("an address")
    }

    fn held(listeners: &Listeners) -> BTreeSet<SocketAddr> {
        listeners.held().map(|(address, _)| address).collect()
    }

    #[test]
    fn where_metrics_are_told_is_held_as_long_as_a_route_names_it() {
        let any = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let (listens, metrics) = (free(), any.local_addr().expect("an address"));
        let mut measured = change(listens, None);
        let routes = measured.routes.values_mut();
        for route in routes.filter_map(|change| change.route.as_mut()) {
            route.listeners[0].metrics = Some(metrics);
        }
        let mut listeners = Listeners::default();
        listeners
            .bind_new(&measured)
            .expect("metrics keep nobody from being served");
        assert_eq!(held(&listeners), BTreeSet::from([listens]));
        drop(any);
        listeners.bind_new(&measured).expect("both are free");
        listeners.applied(&measured);
        assert_eq!(held(&listeners), BTreeSet::from([listens, metrics]));
        listeners.applied(&change(listens, None));
        assert_eq!(held(&listeners), BTreeSet::from([listens]));
    }

    #[test]
    fn the_way_back_keeps_its_listener_until_the_tripwire_is_disarmed() {
        let (old, new) = (free(), free());
        let mut listeners = Listeners::default();
        let armed = change(new, Some(old));
        let bound = listeners.bind_new(&armed).expect("both are free");
        assert_eq!(bound.len(), 2);
        assert_eq!(listeners.of(&armed).len(), 2);
        listeners.applied(&armed);
        assert_eq!(held(&listeners), BTreeSet::from([old, new]));
        listeners.applied(&change(new, None));
        assert_eq!(held(&listeners), BTreeSet::from([new]));
        assert!(listeners.missing().is_empty());
    }
}
