//! `cargo xtask bench`: figures of the build that ships, each beside an anchor measured in the same run.

mod analysis;
mod ask;
mod build;
pub(crate) mod interrupt;
pub(crate) mod lab;
mod occasion;
pub(crate) mod processes;
mod program;
pub(crate) mod registry;
mod report;
mod rollback;
mod router;
mod row;
mod run;
mod spine;
mod table;
pub(crate) mod timing;

pub(crate) use ask::Ask;
pub(crate) use build::{in_place, product};
pub(crate) use router::play;
pub(crate) use run::run;
