//! Any value in any column of the journal. The stable twin is `mutated` in the tests.

#![no_main]
#![expect(dead_code, reason = "the tests use the rest of these files")]

#[path = "../../crates/store/tests/it/anything.rs"]
mod anything;
#[path = "../../crates/store/tests/it/fixture.rs"]
mod fixture;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(anything::read_anything(bytes));
});
