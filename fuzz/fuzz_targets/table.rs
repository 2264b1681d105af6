//! Any bytes as the router's table on disk. The stable twin is among the tests of `any_table` there.

#![no_main]
#![expect(dead_code, reason = "the router uses the rest of these files")]

#[path = "../../crates/router/src/any_table.rs"]
mod any_table;
#[path = "../../crates/router/src/sealed.rs"]
mod sealed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| any_table::read_anything(bytes));
