//! All that is watched of one candidate, fed by what both releases answered.
//!
//! A [`Watch`] is a value: it is written down with the number of the last interval it has seen, and
//! goes on from there bit by bit.

mod baseline;
mod condition;
mod counts;
mod dropping;
mod forecast;
mod gauge;
mod joined;
mod needed;
mod readings;
mod rule;
mod slowness;
mod spread;
mod standing;
mod sustained;
mod watched;

pub use condition::{Condition, Fed, Known};
pub use counts::{Counts, Dealt, Interval};
pub use dropping::Dropping;
pub use forecast::{Traffic, misfires};
pub use gauge::{Gauge, Read};
pub use needed::needed;
pub use rule::{Fired, Watching};
pub use slowness::Slowness;
pub use standing::{Bad, Baseline, Evidence, Standing};
pub use sustained::{Run, Sustained};
pub use watched::{Setting, Watch};
