//! `cargo xtask sweep`: kills the parts of the product at every named point, and at random ones, and
//! compares what is left with a run in which nothing was killed.
//!
//! | module | holds |
//! |---|---|
//! | `ask` | what was typed |
//! | `product` | the build with crash points |
//! | `plan` | the deployments that are swept, and their files |
//! | `lab` | one fresh installation |
//! | `kill` | what is killed, when, and how it is done |
//! | `case` | one deployment with one kill |
//! | `seen` | what is left at the end, and how two ends differ |
//! | `draw` | seeded choice |
//! | `crew` | several cases at a time |
//! | `report` | what came of it |
//! | `run` | all of it |

mod ask;
mod case;
mod crew;
mod draw;
mod kill;
mod lab;
mod plan;
mod product;
mod report;
mod run;
mod seen;

pub(crate) use ask::Ask;
pub(crate) use run::run;
