//! Counts judged: what fires, and what must not.

mod random;
mod sustained;
mod tripwire;
mod vectors;
