//! Changes over the history of deployments: one figure per deployment.
//!
//! This compares with the past, not with a release that runs beside it, so it holds at no level and
//! is never the ground for a rollback.

pub mod changes;
pub mod drift;
mod energy;
mod student;

pub use changes::{Change, Settings, changes};
pub use energy::{Candidate, candidate};
