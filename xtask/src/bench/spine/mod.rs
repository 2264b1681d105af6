//! `spine`: what the product costs before it does anything, what each deployment adds, and what two
//! hundred of them leave behind.
//!
//! A part is one file with one function; a new one is named in `parts.rs`.

mod applications;
mod deploy_loop;
mod growth;
mod journal;
mod memory;
mod overhead;
mod parts;
mod plan;
mod rest;
mod size;
mod start_up;
mod timeline;

pub(crate) use parts::BENCH;
