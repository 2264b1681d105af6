//! Any bytes as what a client of the router says. The stable twin is among the tests of `anything` there.

#![no_main]
#![expect(dead_code, reason = "the router uses the rest of these files")]

#[path = "../../crates/router/src/anything.rs"]
mod anything;
#[path = "../../crates/router/src/framing.rs"]
mod framing;
#[path = "../../crates/router/src/head.rs"]
mod head;
#[path = "../../crates/router/src/limits.rs"]
mod limits;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| anything::read_anything(bytes));
