//! The load generator against servers that behave and servers that don't.

mod rate;
mod server;
mod trouble;
