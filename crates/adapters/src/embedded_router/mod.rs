//! The embedded router: Windlass's own data plane, in a process of its own.
//!
//! Speaks the messages of `windlass-control` over the router's private Unix socket. Binds the
//! listeners here and hands duplicates over, so that a router that dies and comes back serves on
//! the *same* sockets: clients queue meanwhile, none is refused. A router that is gone is started
//! again within a second, by the task that [`EmbeddedRouter`] owns or by the next call, whichever
//! comes first. Dropping the adapter leaves the router running.
//!
//! It can't tell which of two controllers of the same epoch is right; epochs come from the store.

mod config;
mod link;
mod listeners;
mod owner;
mod start;
mod supervise;
mod wire;

pub use config::EmbeddedRouterConfig;
pub use supervise::EmbeddedRouter;
