//! A judge of batches, as Netflix's Kayenta judges (`NetflixACAJudge-v1.0`).
//!
//! For those who move from it, and to compare with. It judges two finished series once. It must not be
//! asked again and again while data come in: each asking adds its own chance of a false alarm. Quirks
//! that are kept, because others rely on them, and that a report should name:
//!
//! - a group whose metrics have no data at all scores 100;
//! - no metric at all scores 0;
//! - the tolerance is a quarter of the estimated difference itself, so it hardly ever matters;
//! - values of neighbouring minutes are taken as independent, which they are not;
//! - the interval is at 98 %, for each metric alone: ten metrics are wrong ten times as often.

pub mod classify;
pub mod quirks;
mod ranks;
pub mod score;
mod spread;

pub use classify::{Class, Direction, Effect, Judgement, Metric, Missing, Outliers};
pub use ranks::{Difference, RankTest, difference, rank_test};
pub use score::{Scored, Verdict};
