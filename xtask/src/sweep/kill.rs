//! What is killed, and when.

use std::fs;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

use crate::bench::processes::Role;
use crate::sweep::lab::{self, Lab};

/// Columns of `/proc/net/tcp`: the address at this end, the state, the socket's inode.
const LOCAL: usize = 1;
const STATE: usize = 3;
const INODE: usize = 9;

/// The state ESTABLISHED.
const ESTABLISHED: &str = "01";

/// What is killed in a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kill {
    /// Nothing: what the others are compared with.
    Nothing,
    /// The controller, at these points in their order.
    Controller(Vec<String>),
    /// The router, so long after the deployment was asked for.
    Router(Duration),
    /// One of the shims that run then.
    Shim(Duration, usize),
}

/// What was killed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Killed {
    /// Requests that may fail: one for each connection that a killed router had accepted.
    pub(super) excused: u64,
}

impl Kill {
    /// What it is called in the report.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::Controller(at) => at.last().cloned().unwrap_or_default(),
            Self::Router(after) => format!("router after {} ms", after.as_millis()),
            Self::Shim(after, pick) => format!("shim {pick} after {} ms", after.as_millis()),
        }
    }

    /// The points that the controller dies at.
    pub(super) fn points(&self) -> &[String] {
        match self {
            Self::Controller(at) => at,
            Self::Nothing | Self::Router(_) | Self::Shim(..) => &[],
        }
    }

    /// Does what is done from outside: waits, and kills.
    ///
    /// # Errors
    /// There was nothing to kill, or it can't be killed.
    pub(super) fn strike(&self, lab: &Lab) -> anyhow::Result<Killed> {
        match self {
            // The controller does it by itself.
            Self::Nothing | Self::Controller(_) => Ok(Killed::default()),
            Self::Router(after) => {
                thread::sleep(*after);
                let router = pick(lab, Role::Router, 0)?;
                let gone = || format!("router {router} has ended by itself");
                // A router that stands still takes no connection between the count and its death.
                anyhow::ensure!(lab::stop(router)?, gone());
                let excused = accepted_connections(lab.front())?;
                anyhow::ensure!(lab::kill(router)?, gone());
                Ok(Killed { excused })
            }
            Self::Shim(after, which) => {
                thread::sleep(*after);
                // One that has just ended by itself was not killed: another is.
                while !lab::kill(pick(lab, Role::Shim, *which)?)? {}
                Ok(Killed::default())
            }
        }
    }
}

/// One of the processes of this role.
fn pick(lab: &Lab, role: Role, which: usize) -> anyhow::Result<u32> {
    let processes = lab.processes()?.into_iter();
    let mut pids: Vec<u32> = processes
        .filter(|process| process.role == role)
        .map(|process| process.pid)
        .collect();
    pids.sort_unstable();
    let index = which % pids.len().max(1);
    pids.get(index)
        .copied()
        .with_context(|| format!("there is no {role:?} to kill"))
}

/// Connections that whoever listens at this address has accepted. One that still waits to be accepted has
/// no inode yet: it belongs to the listening socket, which outlives a router.
fn accepted_connections(at: SocketAddr) -> anyhow::Result<u64> {
    let text = fs::read_to_string("/proc/net/tcp").context("read /proc/net/tcp")?;
    let port = format!(":{:04X}", at.port());
    let accepted = text.lines().skip(1).filter(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_at = words.get(LOCAL).is_some_and(|local| local.ends_with(&port));
        is_at
            && words.get(STATE) == Some(&ESTABLISHED)
            && words.get(INODE).is_some_and(|inode| *inode != "0")
    });
    Ok(u64::try_from(accepted.count()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn each_accepted_connection_counts_once_and_none_that_waits() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let count = || accepted_connections(address).expect("this is Linux");
        assert_eq!(count(), 0);
        let clients = [(); 3].map(|()| TcpStream::connect(address).expect("it listens"));
        assert_eq!(count(), 0);
        let served = [(); 2].map(|()| listener.accept().expect("three wait").0);
        assert_eq!(count(), 2);
        drop((clients, served));
        assert_eq!(count(), 0);
    }
}
