//! The process target with real shims and real processes.

mod adopting;
mod again;
pub(crate) mod bench;
mod commands;
mod controllers;
mod forgetting;
mod keeping;
mod running;
mod stopping;
