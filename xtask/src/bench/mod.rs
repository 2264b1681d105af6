//! `cargo xtask bench`: figures of the build that ships, each beside an anchor measured in the same run.

mod analysis;
pub(crate) mod interrupt;
mod lab;
pub(crate) mod processes;
mod program;
mod registry;
mod report;
mod rollback;
mod router;
mod row;
mod run;
mod spine;
mod timing;

pub(crate) use run::run;
