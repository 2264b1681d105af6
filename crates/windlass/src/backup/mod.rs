//! A state directory as one file, and back: a tar with the journal, the releases with their values,
//! and a last entry that says what must be in it.

mod contents;
mod digest;
mod read;
mod restored;
mod write;

pub(crate) use contents::Contents;
pub(crate) use read::{ReadError, unpack, verify};
pub(crate) use restored::restored_us;
pub(crate) use write::{WriteError, pack};
