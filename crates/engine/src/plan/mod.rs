//! From what is wanted and what runs to what will be done.

mod candidates;
mod compile;
mod identity;
mod lasts;
mod problem;
mod remove;
mod rename;
mod restore;
mod tasks;
mod version;

pub use candidates::{candidates, last_good};
pub use compile::{Input, compile, is_nothing};
pub use lasts::lasts;
pub use problem::PlanProblem;
pub use remove::remove;
pub use restore::{RestoreInput, restore};
pub use version::settle_versions;
