//! How many times as often: a candidate against the stable release that runs beside it.
//!
//! Everything that can be counted per request (errors, time-outs, answers slower than a threshold,
//! failed probes) is one test here. It needs four whole numbers per tick, may be looked at after
//! every request, and stays valid whatever the rate of errors, however that changes with time, and
//! however the share of traffic is moved meanwhile.
//!
//! What must hold: both run at the same time; who gets which does not depend on the outcome
//! ([`split`] watches that); requests are counted by their start, so that a late answer of one split
//! is not counted under the next; single bad events are independent, or [`bursts`] says how far they
//! are not. Never add up counts over a ramp and test the sums: when the rate of errors rises during
//! the ramp, that takes back every healthy candidate.

pub mod bursts;
pub mod closed;
pub mod comparison;
pub mod cusum;
mod grid;
pub mod interval;
pub mod process;
pub mod sensitivity;
mod shares;
pub mod split;
mod starts;
pub mod tick;

pub use grid::{GRID, Side, Test};
pub use process::Process;
pub use tick::{Arm, Tick};
