//! The corpus, damaged at random: the stable twin of `fuzz/`.

use crate::anything::{NAMES, parse_anything, read_anything, trigger_anything};
use crate::corpus::cases;

/// How many damaged files are read.
const MUTATIONS: u64 = 10_000;
/// Most damages of one file.
const MOST_DAMAGES: usize = 4;

/// Numbers that are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let end = u64::try_from(end.max(1)).expect("a length");
        usize::try_from((mixed ^ (mixed >> 31)) % end).expect("below a length")
    }
}

fn damage(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    let until = at + dice.below(bytes.len() - at + 1);
    match dice.below(6) {
        0 => bytes.truncate(at),
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        2 => drop(bytes.drain(at..until)),
        3 => {
            let again = bytes[at..until].to_vec();
            bytes.splice(at..at, again);
        }
        4 => {
            let from = dice.below(other.len() + 1);
            let to = from + dice.below(other.len() - from + 1);
            bytes.splice(at..at, other[from..to].iter().copied());
        }
        _ => bytes.insert(at, u8::try_from(dice.below(256)).expect("a byte")),
    }
}

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
        let mut dice = Dice(seed);
        let mut bytes = files[dice.below(files.len())].clone();
        let other = &files[dice.below(files.len())];
        for _ in 0..=dice.below(MOST_DAMAGES) {
            damage(&mut bytes, other, &mut dice);
        }
        parse_anything(&bytes);
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
    for seed in 0..MUTATIONS {
        let mut dice = Dice(seed);
        let mut bytes = TRIGGERS[dice.below(TRIGGERS.len())].as_bytes().to_vec();
        let other = TRIGGERS[dice.below(TRIGGERS.len())].as_bytes();
        for _ in 0..=dice.below(MOST_DAMAGES) {
            damage(&mut bytes, other, &mut dice);
        }
        trigger_anything(&bytes);
    }
}
