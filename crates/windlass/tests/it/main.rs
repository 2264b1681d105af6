//! The binary as it is typed: where no controller is needed, and with everything real.
//!
//! Each test has a [`lab::Lab`] of its own: a folder, a state directory, addresses of its own. So
//! tests can run side by side, and none leaves a process, socket or file.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test sets up must be there"
)]

mod commands;
mod demo;
mod deploying;
mod ending;
mod examples;
mod failing;
mod failing_together;
mod lab;
mod looking;
mod offline;
mod page;
mod places;
mod programs;
mod strategies;
mod surroundings;
mod surviving;
mod tutorial;
mod typed;
mod workers;
