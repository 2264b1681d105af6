//! Any bytes as a body of the API. The stable twin is `mutated` in the tests.

#![no_main]

#[path = "../../crates/api/tests/it/anything.rs"]
mod anything;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| anything::read_anything(bytes));
