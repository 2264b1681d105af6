//! Whole controllers in a world of fakes, on paused time.

mod abandoning;
mod clocks;
mod command_target;
mod conformance;
mod deaths;
mod deployments;
mod down;
mod evidence;
mod failures;
mod fixture;
mod history;
mod idle;
mod journal;
mod keeping;
mod leaving;
mod metrics;
mod persons;
mod recovery;
mod refusals;
mod renaming;
mod returning;
mod scores;
mod simulation;
mod trips;
mod waiting;
mod watching;
