//! Any bytes as `windlass.yaml`, `.toml` or `.json`. The stable twin is `mutated` in the tests.

#![no_main]
#![expect(dead_code, reason = "other targets use the rest of this file")]

#[path = "../../crates/config/tests/it/anything.rs"]
mod anything;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| anything::parse_anything(bytes));
