//! The corpus, damaged at random: the stable twin of `fuzz/`.

use crate::anything::{NAMES, parse_anything, read_anything, trigger_anything};
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

/// One trigger of each kind.
const TRIGGERS: [&str; 8] = [
    "crash",
    "error rate > 1.5% over 5m",
    "error rate > 2x baseline for 10m",
    "p99.9 > 800ms for 1m30s",
    "response time > 1.5x baseline for 10m",
    "probe database failing for 10s",
    "score drops 5 points",
    "metric sign_in.failures > 0.5 for 30s",
];

#[test]
fn a_damaged_trigger_is_read_or_refused_in_its_place() {
    let triggers = TRIGGERS.map(|trigger| trigger.as_bytes().to_vec());
    for seed in 0..MUTATIONS {
        trigger_anything(&damage::damaged(&triggers, seed));
    }
}
