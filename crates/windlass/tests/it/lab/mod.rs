//! A place of its own for each test, with everything real in it.

mod ask;
mod bench;
mod compile;
mod processes;
mod ran;
mod service;
mod user;

pub(crate) use ask::{Answer, ask, eventually, found};
pub(crate) use bench::{
    HOME_STATE, Lab, SOON, answer, is_closed, load, repository, without_failure,
};
pub(crate) use compile::compile;
pub(crate) use processes::{Process, kill, signal};
pub(crate) use ran::{Following, Left};
pub(crate) use service::{Breaks, Service};
