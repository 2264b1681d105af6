//! The binary as it is typed: where no controller is needed, and with everything real.
//!
//! Each test has a [`lab::Lab`] of its own: a folder, a state directory, addresses of its own. So
//! tests can run side by side, and none leaves a process, socket or file.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test sets up must be there"
)]

mod abandoning;
mod analyzing;
mod asked;
mod asking_again;
mod bad_inputs;
mod begun;
mod carrying;
mod commands;
mod crash_points;
mod damaged;
mod deciding;
mod demo;
mod deploying;
mod doctor;
mod document;
mod draining;
mod ending;
mod evident;
mod examples;
mod failing;
mod failing_together;
mod going_back;
mod halting;
mod happening;
mod hinting;
mod howto;
mod init;
mod init_several;
mod keeping;
mod lab;
mod links;
mod logs;
mod looking;
mod measuring;
mod network;
mod not_ready;
mod offline;
mod offline_back;
mod ordering;
mod page;
mod pages;
mod places;
mod programs;
mod remote;
mod renewing;
mod replacing;
mod reporting;
mod routing;
mod scoring;
mod scraped;
mod securing;
mod sharing;
mod speaking;
mod strategies;
mod surroundings;
mod surviving;
mod taking_away;
mod tripping;
mod tutorial;
mod typed;
mod unready;
mod workers;
mod wrapping;
mod wrapping_back;
mod written;
