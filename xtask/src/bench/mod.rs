//! `cargo xtask bench`: figures of the build that ships, each beside an anchor measured in the same run.

mod analysis;
pub(crate) mod interrupt;
pub(crate) mod lab;
pub(crate) mod processes;
mod program;
pub(crate) mod registry;
mod report;
mod rollback;
mod router;
mod row;
mod run;
mod spine;
pub(crate) mod timing;

pub(crate) use run::{product, run};
