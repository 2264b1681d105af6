//! `rollback`: how soon a candidate that fails is off the traffic, and how many answers it spoils.
//!
//! A part is one way of failing; `rounds.rs` plays it, `parts.rs` names it.

mod application;
mod judged;
mod parts;
mod rounds;

pub(crate) use parts::BENCH;
pub(crate) use rounds::{Blow, Names, play};
