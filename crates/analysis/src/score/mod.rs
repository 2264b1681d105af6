//! The health score: what was measured becomes one number, and what it lacks becomes a list.
//!
//! ```text
//! reading ─ scale ─► 0…100 ─ weights ─► category ─ weights ─► score ─► band
//! ```
//!
//! Nothing counts as 100 unmeasured: a check without data holds the score, counts as 0, or leaves its
//! weight to the others, as its specification says.

mod band;
mod beyond_reach;
mod lost;
mod scale;
mod sum;
mod worth;

pub use band::{Place, band, permit};
pub use beyond_reach::beyond_reach;
pub use sum::{Readings, score};
