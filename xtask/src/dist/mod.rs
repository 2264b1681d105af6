//! What ships: `cargo xtask dist` builds it, `cargo xtask learn` keeps what the compiler knows of how it is used.

mod build;
mod learn;
mod names;

pub(crate) use build::{binary, build, built, run, shipped};
pub(crate) use learn::learn;
