//! Is a candidate slower? Counted, not averaged: how many answers took longer than fixed thresholds.
//!
//! The thresholds are the percentiles of the stable release before the deployment, and those that were
//! promised. They are frozen: whether they are exact does not matter for the validity of the test,
//! only that they do not move with what is judged. Counts need a histogram with an edge at each
//! threshold; sketches with an error, or percentiles per minute, do not do.

pub mod band;
mod exceedance;
mod thresholds;

pub use exceedance::{Latency, Over, Slow};
pub(crate) use thresholds::PERCENTILES;
pub use thresholds::{FEWEST, Threshold, Thresholds, TooFew};
