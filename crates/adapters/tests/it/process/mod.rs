//! The process target with real shims and real processes.

mod adopting;
mod bench;
mod forgetting;
mod keeping;
mod running;
mod stopping;
