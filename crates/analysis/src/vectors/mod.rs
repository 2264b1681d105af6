//! Checks a file of test vectors: whether what is computed here is what others computed.
//!
//! The public file is `tests/vectors/analysis.json`; its figures are from an implementation in Python,
//! from savvi, confseq, SciPy and Apache Otava. Another file of the same form is checked as well.

mod blocks;
mod history;
mod kayenta;
mod ratio;
mod report;
mod sequence;
mod small;
mod tally;
mod trigger;

pub use blocks::{Unreadable, check};
pub use report::{Block, Report};
