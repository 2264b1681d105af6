//! How many connections each address has, and how many event streams each token.

use std::collections::HashMap;
use std::hash::Hash;
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

/// The places that are taken, by address or token. As many of these as there are places at most.
pub(crate) struct Places<K> {
    most: usize,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

/// One place of somebody, until it is dropped.
pub(crate) struct Place<K: Eq + Hash> {
    whose: K,
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Clone + Eq + Hash> Places<K> {
    /// At most so many for each one.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            taken: Arc::default(),
        }
    }

    /// A place, unless whoever asks has all of their own.
    pub(crate) fn take(&self, whose: K) -> Option<Place<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(whose.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place {
            whose,
            taken: Arc::clone(&self.taken),
        })
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.whose) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.whose);
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
