//! How many connections each address has.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Bits of an IPv6 address that are one customer's: whoever has one address of them has all.
const SHARED: u128 = !0 << 64;

/// The address by which somebody is counted.
pub(crate) fn neighbour(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & SHARED).into(),
        four @ IpAddr::V4(_) => four,
    }
}

/// The places that are taken, by address. As many addresses as there are connections at most.
pub(crate) struct Places {
    most: usize,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One place of an address, until it is dropped.
pub(crate) struct Place {
    address: IpAddr,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Places {
    /// At most so many for each address.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            taken: Arc::default(),
        }
    }

    /// A place, unless the address has all of its own.
    pub(crate) fn take(&self, address: IpAddr) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(address).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place {
            address,
            taken: Arc::clone(&self.taken),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> IpAddr {
        neighbour(text.parse().expect("an address"))
    }

    #[test]
    fn an_address_has_its_own_places_and_no_trace_stays_of_who_left() {
        let places = Places::new(2);
        let mine = at("192.0.2.1");
        let held = [places.take(mine), places.take(mine)];
        assert!(held.iter().all(Option::is_some));
        assert!(places.take(mine).is_none());
        assert!(places.take(at("192.0.2.2")).is_some());
        drop(held);
        assert!(places.take(mine).is_some());
        assert!(places.taken.lock().expect("no panic").is_empty());
    }

    #[test]
    fn a_network_of_ipv6_addresses_is_one_neighbour() {
        assert_eq!(at("2001:db8:1:2::a"), at("2001:db8:1:2:ffff::b"));
        assert_ne!(at("2001:db8:1:2::a"), at("2001:db8:1:3::a"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
    }
}
