//! The verbs of Windlass, as pure functions.
//!
//! [`plan::compile`] turns a specification and what runs into a plan. [`deployment::step`] and
//! [`rollout::step`] advance a deployment and its parts by one event and return what to do next.
//! [`environment::after`] says what an environment runs once a deployment has come this far.
//!
//! Nothing here knows a clock, randomness, files, sockets or an adapter: time, ids and addresses
//! arrive inside events, so that replaying a journal ends where the journal ended.
#![deny(clippy::wildcard_enum_match_arm)]

pub mod deployment;
mod digest;
pub mod environment;
pub mod plan;
pub mod rollout;

pub use digest::sha256;
