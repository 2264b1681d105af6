//! A command line that can't be understood: what is said about it, and what was probably meant.

mod meant;
mod told;

pub(crate) use meant::instead;
pub(crate) use told::told;
