//! `cargo xtask test`: the stages, the test runner's output, and the list of suites that must have run.

mod fuzzed;
mod proof;
mod ran;
mod run;
mod suites;

pub(crate) use run::{Verdict, run};
