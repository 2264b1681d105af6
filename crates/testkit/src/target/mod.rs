//! A host that runs instances by script.

mod copy;
mod host;
mod past;
mod port;
mod script;
mod told;

pub use host::Host;
pub(crate) use host::Listener;
pub use port::FakeTarget;
pub use script::{End, Script, StartScript, Unready, going_back};
pub use told::Told;
