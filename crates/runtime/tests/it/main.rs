//! Whole controllers in a world of fakes, on paused time.

mod deployments;
mod failures;
mod fixture;
mod journal;
mod persons;
mod refusals;
mod simulation;
