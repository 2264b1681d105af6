//! Rules with a threshold: guard rails for what is plainly wrong.
//!
//! They promise no rate of false alarms as the comparison of [`crate::ratio`] does. What they have is
//! an exact meaning, stated with each, and a smallest number of requests below which they say nothing,
//! computed so that a healthy service hardly ever fires ([`fewest`]). Silence is never health: no data
//! is an outcome of its own.

pub mod baseline;
pub mod burn;
pub mod drop;
pub mod fewest;
pub mod lasting;
pub mod misfire;
pub mod reading;
pub mod window;

pub use lasting::{Lasting, Outcome};
pub use reading::Reading;
