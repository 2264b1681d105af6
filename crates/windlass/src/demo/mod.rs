//! The demo: three small services, and the story told with them.

mod ledger;
mod proof;
mod run;
pub(crate) mod service;
mod stage;
mod tell;

pub(crate) use run::{DemoOptions, run};
