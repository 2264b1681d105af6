//! `spine`: what the product costs before it does anything, and what each deployment adds.
//!
//! A part is one file with one function; a new one is named in `parts.rs`.

mod parts;
mod size;
mod start_up;

pub(crate) use parts::BENCH;
