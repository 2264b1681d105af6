//! A shim as a real process, with real groups under it. This binary plays the shim itself: see
//! `bench::be_a_shim`.

mod asking;
mod bench;
mod ending;
mod keeping;
mod output;
