//! The corpus, damaged at random: the stable twin of `fuzz/`.

use crate::anything::{READERS, read_anything};
use crate::corpus::CORPUS;

#[path = "../../../../fuzz/damage.rs"]
mod damage;

/// How many damaged reports each reader reads.
const MUTATIONS: u64 = 5_000;

#[test]
fn every_report_is_read_or_refused_by_every_reader() {
    for reader in 0..READERS.len() {
        for report in CORPUS {
            read_anything(reader, report);
        }
    }
}

#[test]
fn a_damaged_report_is_read_or_refused() {
    let mut reports = CORPUS.map(<[u8]>::to_vec);
    reports[4].splice(0..0, b"/categories/performance/score\n".iter().copied());
    for seed in 0..MUTATIONS {
        let bytes = damage::damaged(&reports, seed);
        for reader in 0..READERS.len() {
            read_anything(reader, &bytes);
        }
    }
}

#[test]
fn a_report_that_is_cut_anywhere_is_never_read_as_a_better_one() {
    for reader in [0, 1, 3] {
        let whole = CORPUS[reader];
        let end = whole.trim_ascii_end().len();
        for cut in 0..end {
            let read = READERS[reader](&whole[..cut]);
            assert!(read.is_err(), "cut at {cut}: {read:?}");
        }
    }
}
