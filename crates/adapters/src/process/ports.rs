//! Addresses for instances.

use std::cell::Cell;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;

use windlass_edge::{Addresses, EdgeError};

use super::fail::conflict;

/// The range where the kernel leaves it free.
const USUAL: RangeInclusive<u16> = 20_000..=29_999;

/// Below this only root may listen.
const FIRST_UNPRIVILEGED: u16 = 1024;

/// What the kernel takes for outgoing connections unless it says otherwise.
const USUAL_EPHEMERAL: RangeInclusive<u16> = 32_768..=60_999;

/// Ports of 127.0.0.1 outside the range from which the kernel serves outgoing connections: such a
/// connection could otherwise take an instance's port while it restarts.
#[derive(Debug)]
pub struct PortRange {
    ports: RangeInclusive<u16>,
    next: Cell<u16>,
}

impl PortRange {
    /// The range for this machine: 20000 to 29999, or, where the kernel uses some of these, the
    /// largest range from 1024 on that it leaves. `seed` decides where the counting starts, so that
    /// two installations seldom try the same.
    pub fn of_this_machine(seed: u64) -> Self {
        let path = "/proc/sys/net/ipv4/ip_local_port_range";
        let text = fs::read_to_string(path).unwrap_or_default();
        let ephemeral = read(&text).unwrap_or(USUAL_EPHEMERAL);
        Self::new(beside(&ephemeral), seed)
    }

    /// Exactly these ports.
    pub fn new(ports: RangeInclusive<u16>, seed: u64) -> Self {
        let count = u64::from(ports.end().saturating_sub(*ports.start())) + 1;
        let offset = u16::try_from(seed % count).unwrap_or_default();
        let next = Cell::new(ports.start().saturating_add(offset));
        Self { ports, next }
    }

    /// The ports themselves.
    pub fn ports(&self) -> RangeInclusive<u16> {
        self.ports.clone()
    }
}

fn read(text: &str) -> Option<RangeInclusive<u16>> {
    let mut words = text.split_whitespace();
    let first = words.next()?.parse().ok()?;
    Some(first..=words.next()?.parse().ok()?)
}

fn beside(ephemeral: &RangeInclusive<u16>) -> RangeInclusive<u16> {
    if ephemeral.end() < USUAL.start() || ephemeral.start() > USUAL.end() {
        return USUAL;
    }
    let below = ephemeral.start().saturating_sub(FIRST_UNPRIVILEGED);
    let above = u16::MAX - ephemeral.end();
    match (below, above) {
        // The kernel uses everything: whatever is tried is tested by binding.
        (0, 0) => USUAL,
        _ if below >= above => FIRST_UNPRIVILEGED..=ephemeral.start() - 1,
        _ => FIRST_UNPRIVILEGED.max(ephemeral.end() + 1)..=u16::MAX,
    }
}

impl Addresses for PortRange {
    fn allot(&self, taken: &dyn Fn(SocketAddr) -> bool) -> Result<SocketAddr, EdgeError> {
        // Once around at most.
        for _ in self.ports.clone() {
            let port = self.next.get();
            self.next.set(if port >= *self.ports.end() {
                *self.ports.start()
            } else {
                port + 1
            });
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            if !taken(address) && TcpListener::bind(address).is_ok() {
                return Ok(address);
            }
        }
        Err(conflict(format!(
            "no port from {} to {} is free",
            self.ports.start(),
            self.ports.end()
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_lies_outside_the_kernels() {
        assert_eq!(beside(&(32_768..=60_999)), USUAL);
        assert_eq!(beside(&(1_024..=19_999)), USUAL);
        assert_eq!(beside(&(15_000..=65_535)), 1_024..=14_999);
        assert_eq!(beside(&(1_024..=30_000)), 30_001..=65_535);
        assert_eq!(beside(&(1_024..=65_535)), USUAL);
        assert_eq!(read("32768\t60999\n"), Some(32_768..=60_999));
    }

    #[test]
    fn it_counts_around_and_leaves_out_what_is_taken() {
        let held = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let port = held.local_addr().expect("an address").port();
        let range = PortRange::new(port..=port, 7);
        let problem = range.allot(&|_| false).expect_err("it is held");
        assert_eq!(problem.kind, windlass_edge::ErrorKind::Conflict);
        drop(held);
        assert_eq!(range.allot(&|_| false).expect("it is free").port(), port);
        assert!(range.allot(&|_| true).is_err());
    }
}
