//! What an installation holds while nothing happens.

use anyhow::Context as _;

use crate::bench::lab::{Kept, Lab};
use crate::bench::processes::{self, Memory, Process, Role};

/// What one installation holds.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    /// All of its processes, those of its services too.
    pub(super) processes: usize,
    /// Those that keep an instance.
    pub(super) shims: usize,
    /// Files that the controller has open.
    pub(super) controller_files: usize,
    /// Files that the router has open.
    pub(super) router_files: usize,
    /// Socket files of the installation.
    pub(super) sockets: usize,
    /// TCP ports that any of its processes listens on.
    pub(super) ports: usize,
    /// Memory of the controller.
    pub(super) controller: Memory,
    /// Memory of the router.
    pub(super) router: Memory,
    /// Memory of the largest shim.
    pub(super) shim: Memory,
    /// Its state directory.
    pub(super) state: Kept,
}

impl Rest {
    /// Looks at an installation once it has no more than `expected` processes.
    ///
    /// # Errors
    /// Its controller, router or shim is not there, or something cannot be read.
    pub(super) fn of(lab: &Lab, expected: usize) -> anyhow::Result<Self> {
        let found = lab.settled(expected)?;
        let controller = only(&found, Role::Controller)?;
        let router = only(&found, Role::Router)?;
        let shims: Vec<u32> = pids(&found, Role::Shim);
        let mut shim = Memory::default();
        for pid in &shims {
            let memory = processes::memory(*pid)?;
            if memory.rss > shim.rss {
                shim = memory;
            }
        }
        Ok(Self {
            processes: found.len(),
            shims: shims.len(),
            controller_files: processes::open_files(controller)?,
            router_files: processes::open_files(router)?,
            sockets: lab.socket_files()?,
            ports: processes::listening_ports(&found)?,
            controller: processes::memory(controller)?,
            router: processes::memory(router)?,
            shim,
            state: lab.kept()?,
        })
    }
}

fn pids(found: &[Process], role: Role) -> Vec<u32> {
    let of_role = found.iter().filter(|process| process.role == role);
    of_role.map(|process| process.pid).collect()
}

fn only(found: &[Process], role: Role) -> anyhow::Result<u32> {
    let pids = pids(found, role);
    anyhow::ensure!(pids.len() <= 1, "there are several of {role:?}: {pids:?}");
    pids.first()
        .copied()
        .with_context(|| format!("there is no {role:?}"))
}
