//! Recorded counts, judged again step by step: for an incident of the past, or a rule before it is
//! trusted.

mod compared;
mod recording;
mod rules;

pub use compared::{Replay, Step, replay};
pub use recording::{MOST, Unreadable, series};
pub use rules::{Met, Ruled, rules};
