//! Any bytes as what router and shims say and hear, ticks among it. The stable twin is `mutated` in the
//! tests.

#![no_main]

#[path = "../../crates/control/tests/it/anything.rs"]
mod anything;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| anything::read_anything(bytes));
