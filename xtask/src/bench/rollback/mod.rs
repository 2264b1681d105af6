//! `rollback`: how soon a candidate that fails is off the traffic, and how many answers it spoils.
//!
//! A part is one way of failing; `rounds.rs` plays it, `parts.rs` names it. `subtle.rs` plays those that no first
//! answer shows.

mod application;
mod judged;
mod parts;
mod rounds;
mod subtle;

pub(crate) use parts::BENCH;
pub(crate) use rounds::{Blow, Names, play};
pub(crate) use subtle::{Lost, OFTEN, SELDOM, hung, plan, worse};
