//! Counts judged, as pure functions.
//!
//! [`tripwire`] judges one answer after the other and is meant to be fast: a router stops a bad
//! candidate with it. [`sustained`] judges a rule of a specification over time and leaves evidence.
#![deny(clippy::wildcard_enum_match_arm)]

mod binomial;
pub mod sustained;
pub mod tripwire;
