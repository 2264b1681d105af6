//! Any bytes as a report; the first says which. The stable twin is `mutated` in the tests.

#![no_main]

#[path = "../../crates/reports/tests/it/anything.rs"]
mod anything;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some((first, rest)) = bytes.split_first() {
        anything::read_anything(usize::from(*first) % anything::READERS.len(), rest);
    }
});
