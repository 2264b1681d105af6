//! Counts judged: what fires, and what must not.

mod anything;
mod conditions;
mod dealing;
mod history;
mod kayenta;
mod latency;
mod mutated;
mod random;
mod ratio;
mod replay;
mod risk;
mod scoring;

mod triggers;
mod tripwire;
mod vectors;
mod verdicts;
mod watching;
