//! From what is wanted and what runs to what will be done.

mod compile;
mod identity;
mod problem;
mod tasks;
mod version;

pub use compile::{Input, compile};
pub use problem::PlanProblem;
pub use version::settle_versions;
