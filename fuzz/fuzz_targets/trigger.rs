//! Any bytes as one trigger. The stable twin is `mutated` in the tests.

#![no_main]
#![expect(dead_code, reason = "other targets use the rest of this file")]

#[path = "../../crates/config/tests/it/anything.rs"]
mod anything;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| anything::trigger_anything(bytes));
