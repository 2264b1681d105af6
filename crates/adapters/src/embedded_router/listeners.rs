//! The listening sockets: bound here, kept here, duplicates at the router.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{SocketAddr, TcpListener};

use windlass_control::{ObservedTable, RouteChange};
use windlass_edge::{EdgeError, ErrorKind, Retry};
use windlass_model::{Millis, ServiceKey};

use super::owner;

/// Which addresses are held, and which of them a route names.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    held: BTreeMap<SocketAddr, TcpListener>,
    named: BTreeMap<ServiceKey, Vec<SocketAddr>>,
}

impl Listeners {
    /// Learns from the router's table which addresses are named.
    pub(super) fn learn(&mut self, table: &ObservedTable) {
        let services = table.services.iter();
        self.named = services
            .map(|(key, observed)| (key.clone(), observed.route.listeners.clone()))
            .collect();
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

    /// Addresses that a route names and nobody here holds.
    pub(super) fn missing(&self) -> Vec<SocketAddr> {
        let named = self.named.values().flatten();
        named
            .filter(|address| !self.held.contains_key(address))
            .copied()
            .collect()
    }

    /// Binds what `changes` name and is not held yet; all of it or nothing. The addresses bound.
    pub(super) fn bind_new(
        &mut self,
        changes: &BTreeMap<ServiceKey, RouteChange>,
    ) -> Result<Vec<SocketAddr>, EdgeError> {
        let mut new = BTreeMap::new();
        for address in wanted(changes) {
            if !self.held.contains_key(&address) && !new.contains_key(&address) {
                new.insert(address, bind(address)?);
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

    /// Sockets for everything that `changes` name.
    pub(super) fn of<'a>(
        &'a self,
        changes: &BTreeMap<ServiceKey, RouteChange>,
    ) -> Vec<(SocketAddr, &'a TcpListener)> {
        let wanted: BTreeSet<SocketAddr> = wanted(changes).collect();
        self.held().filter(|(a, _)| wanted.contains(a)).collect()
    }

    /// Closes these again.
    pub(super) fn close(&mut self, addresses: &[SocketAddr]) {
        self.held.retain(|address, _| !addresses.contains(address));
    }

    /// Closes all.
    pub(super) fn close_all(&mut self) {
        self.held.clear();
        self.named.clear();
    }

    /// Notes applied changes, and closes what no route names any more.
    pub(super) fn applied(&mut self, changes: &BTreeMap<ServiceKey, RouteChange>) {
        for (key, change) in changes {
            match &change.route {
                Some(route) => self.named.insert(key.clone(), route.listeners.clone()),
                None => self.named.remove(key),
            };
        }
        let named: BTreeSet<SocketAddr> = self.named.values().flatten().copied().collect();
        self.held.retain(|address, _| named.contains(address));
    }
}

fn wanted(changes: &BTreeMap<ServiceKey, RouteChange>) -> impl Iterator<Item = SocketAddr> {
    let routes = changes.values().filter_map(|change| change.route.as_ref());
    routes.flat_map(|route| route.listeners.iter().copied())
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
