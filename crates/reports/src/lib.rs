//! Reports of tests and coverage, read into one value each.
//!
//! Every reader is a function from bytes to a [`Found`]: it opens no file, and any bytes are read or
//! refused within the limits of [`limit`]. XML is read as a stream of events; a document type that declares
//! anything is refused, and no entity but the five of XML means something.

mod cobertura;
mod coverage;
mod figure;
mod found;
mod health;
mod junit;
mod lcov;
pub mod limit;
mod playwright;
mod tally;
mod xml;

pub use cobertura::cobertura;
pub use figure::figure;
pub use found::{Found, Unreadable};
pub use health::{Health, Sign, health};
pub use junit::junit;
pub use lcov::lcov;
pub use playwright::playwright;
