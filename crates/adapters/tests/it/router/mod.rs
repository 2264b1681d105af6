//! The embedded router as a real process, and probes of real sockets.

mod probing;
pub(crate) mod rig;
mod routing;
mod starting;
