//! The demo: three small services, and the story told with them.

mod chance;
pub(crate) mod fault;
mod ledger;
mod proof;
mod run;
pub(crate) mod service;
mod stage;
mod story;
mod tell;
mod told;

pub(crate) use run::{DemoOptions, run};
