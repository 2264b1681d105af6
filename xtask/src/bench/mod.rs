//! `cargo xtask bench`: figures of the release build, each beside an anchor measured in the same run.

mod lab;
mod processes;
mod program;
mod registry;
mod report;
mod row;
mod run;
mod spine;
mod timing;

pub(crate) use run::run;
