//! The corpora, damaged at random: the stable twin of `fuzz/`.

use std::fs;
use std::path::Path;

use crate::anything::{KINDS, read_anything};

#[path = "../../../../fuzz/damage.rs"]
mod damage;

/// How many damaged streams are read.
const MUTATIONS: u64 = 20_000;

/// The messages of one kind, one a line of its corpus.
fn corpus(kind: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let text = fs::read_to_string(folder.join(format!("{kind}.jsonl"))).expect("a corpus");
    text.lines().map(|line| line.as_bytes().to_vec()).collect()
}

/// A message with its length before it.
fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a short message");
    [&length.to_le_bytes()[..], message].concat()
}

#[test]
fn every_message_of_the_corpora_is_one_of_its_kind() {
    for (kind, read) in KINDS {
        let messages = corpus(kind);
        assert!(messages.len() >= 2, "{kind}");
        for message in messages {
            assert!(
                read(&message),
                "{kind}: {}",
                String::from_utf8_lossy(&message)
            );
        }
    }
}

#[test]
fn a_damaged_message_is_read_or_refused() {
    let messages: Vec<_> = KINDS.iter().flat_map(|(kind, _)| corpus(kind)).collect();
    let frames: Vec<_> = messages.iter().map(|message| frame(message)).collect();
    for seed in 0..MUTATIONS {
        // Once within its frame, once with the frame.
        read_anything(&frame(&damage::damaged(&messages, seed)));
        read_anything(&damage::damaged(&frames, seed));
    }
}
