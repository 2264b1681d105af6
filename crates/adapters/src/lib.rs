//! Adapters that need no heavy dependency of their own.

mod embedded_router;
mod gauge;
mod group;
mod halt_file;
mod mask;
mod owner;
mod probe;
mod process;
mod prometheus;
mod sockets;
mod system;

pub use embedded_router::*;
pub use gauge::*;
pub use halt_file::*;
pub use owner::{OfWindlass, holds_alone, windlass_at};
pub use probe::*;
pub use process::*;
pub use prometheus::*;
pub use system::*;
