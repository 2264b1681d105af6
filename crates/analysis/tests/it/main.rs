//! Counts judged: what fires, and what must not.

mod history;
mod kayenta;
mod latency;
mod random;
mod ratio;
mod replay;
mod risk;
mod sustained;
mod triggers;
mod tripwire;
mod vectors;
mod verdicts;
