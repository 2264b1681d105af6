//! Whole controllers in a world of fakes, on paused time.

mod conformance;
mod deployments;
mod down;
mod failures;
mod fixture;
mod journal;
mod persons;
mod recovery;
mod refusals;
mod simulation;
mod watching;
