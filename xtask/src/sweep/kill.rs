//! What is killed, and when.

use std::fs;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

use crate::bench::processes::Role;
use crate::sweep::lab::{self, Lab};

/// The state ESTABLISHED in `/proc/net/tcp`.
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
    /// Requests that may fail: one for each connection that was open to a killed router.
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
                // Counted just before: what is opened in between is excused by nobody.
                let excused = open_connections(lab.front())?;
                anyhow::ensure!(lab::kill(router)?, "router {router} has ended by itself");
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

/// Connections of clients to this address.
fn open_connections(to: SocketAddr) -> anyhow::Result<u64> {
    let text = fs::read_to_string("/proc/net/tcp").context("read /proc/net/tcp")?;
    let port = format!(":{:04X}", to.port());
    let open = text.lines().skip(1).filter(|line| {
        let mut words = line.split_whitespace().skip(2);
        let is_to = words.next().is_some_and(|remote| remote.ends_with(&port));
        is_to && words.next() == Some(ESTABLISHED)
    });
    Ok(u64::try_from(open.count()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn each_open_connection_counts_once() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let count = || open_connections(address).expect("this is Linux");
        assert_eq!(count(), 0);
        let clients = [(); 2].map(|()| TcpStream::connect(address).expect("it listens"));
        let served = [(); 2].map(|()| listener.accept().expect("two wait").0);
        assert_eq!(count(), 2);
        drop((clients, served));
        assert_eq!(count(), 0);
    }
}
