//! Local processes, each under a shim: services, and commands that deploy and then end.
//!
//! Linux only; no system of its own is needed. What can't be done: limits of memory and CPU (they
//! come with cgroups), other users, other hosts.
//!
//! | folder below `STATE` | content |
//! |---|---|
//! | `releases/ARTEFACT/files/` | the copy, read-only; a service's working directory |
//! | `releases/ARTEFACT/manifest.json` | every path with its mode, size and digest |
//! | `releases/ARTEFACT/identities/IDENTITY.json` | values, surroundings, needs: 0600 |
//! | `instances/ID/` | whose it is (`instance.json`), what the shim was told (`spec.json`), how it is (`status.json`), its output |
//! | `epoch.json` | the newest controller that changed anything here |
//!
//! Until it changes something for the first time, a controller writes nothing here. One whose epoch
//! was heard before that changes nothing at all: its history is lost.

mod address;
mod beforehand;
mod command;
mod copy;
mod damaged;
mod epoch;
pub(crate) mod fail;
mod forget;
mod gone;
mod identity;
mod keep;
pub(crate) mod layout;
mod link;
mod links;
mod listening;
mod log;
mod meant;
mod memory;
mod observe;
mod ports;
pub(crate) mod proc;
mod program;
mod record;
mod scan;
mod selection;
mod start;
mod status;
mod stop;
mod target;
mod traces;
mod watch;

pub use beforehand::look_beforehand;
pub use damaged::{DamagedRelease, damaged_releases};
pub use ports::PortRange;
pub use target::{ProcessTarget, ProcessTargetConfig};
