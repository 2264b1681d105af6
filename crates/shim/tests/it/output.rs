//! What a group prints.

use std::os::unix::fs::MetadataExt;

use crate::bench::{Bench, until};

const MIB: u64 = 1024 * 1024;

#[test]
fn a_hundred_megabytes_without_a_newline_stay_bounded_on_disk() {
    let mut bench =
        Bench::start("head -c 104857600 /dev/zero | tr '\\0' x; echo end >&2; exec sleep 300");
    until("all of it printed", || {
        (bench.read("stderr.log") == "end\n").then_some(())
    });
    let metadata = || bench.path("stdout.log").metadata().expect("metadata");
    assert_eq!(metadata().len(), 100 * MIB, "offsets stay");
    until("blocks freed", || {
        (metadata().blocks() * 512 <= 66 * MIB).then_some(())
    });
    until("a time in the index", || {
        bench
            .read("log.idx")
            .lines()
            .any(|line| line.ends_with(&format!(" {} 4", 100 * MIB)))
            .then_some(())
    });
    bench.stop();
    assert!(bench.gone());
}

#[test]
fn the_last_words_are_in_the_files_and_in_the_index() {
    let mut bench =
        Bench::start("trap 'echo bye; exit' TERM; echo up; while :; do sleep 0.01; done");
    assert_eq!(bench.line("stdout.log"), "up");
    bench.stop();
    assert!(bench.gone());
    assert_eq!(bench.read("stdout.log"), "up\nbye\n");
    let index = bench.read("log.idx");
    let last = index.lines().last().expect("a line");
    assert_eq!(last.split(' ').nth(1), Some("7"), "{index}");
}
