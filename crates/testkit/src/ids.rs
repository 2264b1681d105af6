//! Ids and addresses that are the same in every run.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};

use windlass_edge::{Addresses, EdgeError, Ids};
use windlass_model::{DeploymentId, InstanceId};

use crate::errors;

/// First port that is allotted.
const FIRST_PORT: u16 = 20_000;

/// Ports that can be allotted.
const PORTS: u16 = 10_000;

/// Counts. Part of the world: a controller never mints what an earlier one has.
#[derive(Debug, Default)]
pub struct FakeIds {
    next: Cell<u64>,
}

impl FakeIds {
    fn tail(&self) -> String {
        self.next.set(self.next.get() + 1);
        format!("{:08}", self.next.get())
    }
}

impl Ids for FakeIds {
    fn deployment(&self) -> DeploymentId {
        DeploymentId::from_tail(&self.tail()).expect("digits are allowed in an id")
    }

    fn instance(&self) -> InstanceId {
        InstanceId::from_tail(&self.tail()).expect("digits are allowed in an id")
    }
}

/// Allots loopback addresses in turn.
#[derive(Debug, Default)]
pub struct FakeAddresses {
    next: Cell<u16>,
    only: Cell<Option<u16>>,
}

impl FakeAddresses {
    /// From now on only the first `count` addresses exist.
    pub fn leave(&self, count: u16) {
        self.only.set(Some(count));
    }
}

impl Addresses for FakeAddresses {
    fn allot(&self, taken: &dyn Fn(SocketAddr) -> bool) -> Result<SocketAddr, EdgeError> {
        let range = self.only.get().unwrap_or(PORTS);
        for _ in 0..range {
            let at = self.next.get() % range.max(1);
            self.next.set(at + 1);
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST_PORT + at));
            if !taken(address) {
                return Ok(address);
            }
        }
        Err(errors::conflict(format!("all {range} addresses are taken")))
    }
}
