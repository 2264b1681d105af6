//! Any bytes as recorded counts, a series, or a file of vectors. The stable twin is `mutated` in the tests.

#![no_main]

#[path = "../../crates/analysis/tests/it/anything.rs"]
mod anything;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| anything::read_anything(bytes));
