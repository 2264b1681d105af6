//! Counts judged, as pure functions.
//!
//! [`tripwire`] judges one answer after the other and is meant to be fast: a router stops a bad
//! candidate with it. [`watch`] judges the rules of a specification over time and leaves evidence.
#![deny(clippy::wildcard_enum_match_arm)]

mod binomial;
pub mod history;
pub mod kayenta;
pub mod latency;
pub mod numbers;
pub mod ratio;
pub mod replay;
pub mod risk;
pub mod score;
pub mod sequence;

pub mod trigger;
pub mod tripwire;
pub mod vectors;
pub mod verdict;
pub mod watch;
