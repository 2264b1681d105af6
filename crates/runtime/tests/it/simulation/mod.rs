//! Whole stories with crashes, by seed.

mod check;
mod play;
mod seeds;
mod story;
