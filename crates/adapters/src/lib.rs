//! Adapters that need no heavy dependency of their own.

mod embedded_router;
mod probe;
mod process;
mod system;

pub use embedded_router::*;
pub use probe::*;
pub use process::*;
pub use system::*;
