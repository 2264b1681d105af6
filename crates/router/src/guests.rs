//! Who is connected: how many clients each listener has, and how many connections each of them.
//!
//! A client that takes all that it can get must not take everything there is. It is known by the address
//! that a trusted proxy announces for it, else by its own; with IPv6 by its /64, for that is what one
//! client is given. Not counted one by one are trusted proxies that announce nobody, for many come through
//! them, and clients on this machine, which could harm it in many other ways.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use windlass_model::Connections;

use crate::core::locked;

/// The first four groups of an IPv6 address are the network that one client is given.
const NETWORK: u128 = !(u64::MAX as u128);

/// All that are connected.
#[derive(Debug)]
pub(crate) struct Guests {
    /// Of one client, where nothing else is said.
    usual: usize,
    /// Those of each listener that has any.
    here: Mutex<HashMap<SocketAddr, Here>>,
    /// Closed, because their listener had enough.
    pub(crate) beyond_total: AtomicU64,
    /// Closed, because their client had enough.
    pub(crate) beyond_address: AtomicU64,
}

/// Those of one listener.
#[derive(Debug, Default)]
struct Here {
    total: usize,
    each: HashMap<IpAddr, usize>,
}

/// One connection, counted until it is dropped.
pub(crate) struct Guest {
    guests: Arc<Guests>,
    listener: SocketAddr,
    client: Option<IpAddr>,
}

/// How a connection counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// A client's own.
    Clients,
    /// Of a proxy that is trusted, and brings many.
    Proxys,
}

impl Guests {
    /// For a router that takes `capacity` connections. A client may have a quarter of them: enough for
    /// an office behind one address, and three more have to join to leave nothing for others.
    pub(crate) fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self {
            usual: capacity.div_ceil(4),
            here: Mutex::default(),
            beyond_total: AtomicU64::new(0),
            beyond_address: AtomicU64::new(0),
        })
    }

    /// Lets a client in; none if there are enough.
    pub(crate) fn admit(
        self: &Arc<Self>,
        listener: SocketAddr,
        (client, whose): (IpAddr, Whose),
        limits: Connections,
    ) -> Option<Guest> {
        let total = limits.total.map_or(usize::MAX, usize::from);
        let most = limits.per_address.map_or(self.usual, usize::from);
        let client = counted(client, whose);
        let mut all = locked(&self.here);
        let here = all.entry(listener).or_default();
        if here.total >= total {
            self.beyond_total.fetch_add(1, Relaxed);
            return None;
        }
        if let Some(client) = client {
            let open = here.each.entry(client).or_default();
            if *open >= most {
                self.beyond_address.fetch_add(1, Relaxed);
                return None;
            }
            *open += 1;
        }
        here.total += 1;
        let guests = self.clone();
        Some(Guest {
            guests,
            listener,
            client,
        })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut all = locked(&self.guests.here);
        let Entry::Occupied(mut here) = all.entry(self.listener) else {
            return;
        };
        here.get_mut().total -= 1;
        if let Some(client) = self.client
            && let Entry::Occupied(mut open) = here.get_mut().each.entry(client)
        {
            *open.get_mut() -= 1;
            if *open.get() == 0 {
                open.remove();
            }
        }
        if here.get().total == 0 {
            here.remove();
        }
    }
}

/// By what a connection is counted among those of one client; none: it is not.
fn counted(client: IpAddr, whose: Whose) -> Option<IpAddr> {
    if client.is_loopback() || whose == Whose::Proxys {
        return None;
    }
    Some(match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & NETWORK)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: ([u8; 4], u16) = ([192, 0, 2, 1], 80);

    fn limits(total: Option<u16>, per_address: Option<u16>) -> Connections {
        Connections { total, per_address }
    }

    fn admit(guests: &Arc<Guests>, client: &str, limits: Connections) -> Option<Guest> {
        let client = client.parse().expect("an address");
        guests.admit(HERE.into(), (client, Whose::Clients), limits)
    }

    #[test]
    fn a_client_gets_a_quarter_and_its_place_back_when_it_leaves() {
        let guests = Guests::new(8);
        let usual = Connections::default();
        let mut open: Vec<Guest> = (0..2)
            .filter_map(|_| admit(&guests, "203.0.113.7", usual))
            .collect();
        assert!(admit(&guests, "203.0.113.7", usual).is_none());
        assert!(
            admit(&guests, "203.0.113.8", usual).is_some(),
            "another one"
        );
        open.pop();
        assert!(admit(&guests, "203.0.113.7", usual).is_some());
        assert_eq!(guests.beyond_address.load(Relaxed), 1);
        open.clear();
        assert!(
            locked(&guests.here).is_empty(),
            "nothing is kept of who is gone"
        );
    }

    #[test]
    fn one_network_is_one_client_and_this_machine_none() {
        let guests = Guests::new(8);
        let one = limits(None, Some(1));
        let _first = admit(&guests, "2001:db8:1:2::1", one).expect("room");
        assert!(admit(&guests, "2001:db8:1:2:ffff::9", one).is_none());
        assert!(admit(&guests, "2001:db8:1:3::1", one).is_some());
        let ours: Vec<Guest> = (0..9)
            .filter_map(|_| admit(&guests, "127.0.0.1", one))
            .collect();
        assert_eq!(ours.len(), 9);
        let proxy = ("203.0.113.1".parse().expect("an address"), Whose::Proxys);
        let through: Vec<Guest> = (0..9)
            .filter_map(|_| guests.admit(HERE.into(), proxy, one))
            .collect();
        assert_eq!(through.len(), 9);
    }

    #[test]
    fn all_count_in_the_total_of_their_listener() {
        let guests = Guests::new(8);
        let two = limits(Some(2), None);
        let _open = [
            admit(&guests, "127.0.0.1", two),
            admit(&guests, "203.0.113.7", two),
        ]
        .map(|one| one.expect("room"));
        assert!(admit(&guests, "127.0.0.1", two).is_none());
        let elsewhere = SocketAddr::from(([192, 0, 2, 1], 81));
        let client = ("127.0.0.1".parse().expect("an address"), Whose::Clients);
        assert!(guests.admit(elsewhere, client, two).is_some());
        assert_eq!(guests.beyond_total.load(Relaxed), 1);
    }
}
