//! The corpus, damaged at random: the stable twin of `fuzz/`.

use crate::anything::{NAMES, parse_anything, read_anything};
use crate::corpus::cases;

#[path = "../../../../fuzz/damage.rs"]
mod damage;

/// How many damaged files are read.
const MUTATIONS: u64 = 10_000;
#[test]
fn every_file_of_the_corpus_is_read_or_refused_as_any_format() {
    for case in cases("good").into_iter().chain(cases("bad")) {
        for name in NAMES {
            read_anything(&case.text, name);
        }
    }
}

#[test]
fn a_damaged_file_is_read_or_refused() {
    let files: Vec<Vec<u8>> = cases("good")
        .into_iter()
        .chain(cases("bad"))
        .map(|case| {
            let format = NAMES.iter().position(|name| *name == case.name());
            let first = format.and_then(|format| u8::try_from(format).ok());
            let mut bytes = vec![first.expect("a format")];
            bytes.extend(case.text.bytes());
            bytes
        })
        .collect();
    for seed in 0..MUTATIONS {
        parse_anything(&damage::damaged(&files, seed));
    }
}
