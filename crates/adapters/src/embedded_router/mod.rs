//! The embedded router: Windlass's own data plane, in a process of its own.
//!
//! Speaks the messages of `windlass-control` over the router's private Unix socket. Binds the
//! listeners here and hands duplicates over, so that a router that dies and comes back serves on
//! the *same* sockets: clients queue meanwhile, none is refused. A router that is gone is started
//! again within a second, by the task that [`EmbeddedRouter`] owns or by the next call, whichever
//! comes first. Dropping the adapter leaves the router running.
//!
//! Until this controller changes something for the first time it only asks: connecting, observing
//! and reading ticks say no epoch, and a router that is started for it takes up its own table. None is
//! started where that table has no route: there is nothing to look at. The first change (one of nothing
//! will do where a router runs or has something to serve) asks what was heard before, and is refused
//! when that is not below the own epoch: then this controller's history is lost or older, and it stays silent. After
//! the first change the router is looked after.
//!
//! It can't tell which of two controllers of the same epoch is right; epochs come from the store.

mod config;
mod fail;
mod heard;
mod link;
mod listeners;
mod news;
mod start;
mod supervise;
mod voice;
mod wire;

pub use config::EmbeddedRouterConfig;
pub use supervise::EmbeddedRouter;
