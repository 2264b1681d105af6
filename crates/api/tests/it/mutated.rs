//! The corpus, damaged at random: the stable twin of `fuzz/`.

use std::path::Path;

use crate::anything::{KINDS, read_anything};

#[path = "../../../../fuzz/damage.rs"]
mod damage;

/// How many damaged bodies are read.
const MUTATIONS: u64 = 20_000;

/// The bodies, and the path that each is sent to: one a line, with a space between.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/bodies.txt");
    let text = std::fs::read_to_string(file).expect("a corpus");
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines
        .map(|(path, body)| (path.to_owned(), body.as_bytes().to_vec()))
        .collect()
}

#[test]
fn every_body_of_the_corpus_is_one_of_its_kind() {
    let corpus = corpus();
    for (kind, read) in KINDS {
        let mut bodies = corpus.iter().filter(|(path, _)| path == kind).peekable();
        assert!(bodies.peek().is_some(), "{kind}");
        for (_, body) in bodies {
            assert!(read(body), "{kind}: {}", String::from_utf8_lossy(body));
        }
    }
}

#[test]
fn a_damaged_body_is_read_or_refused() {
    let bodies: Vec<_> = corpus().into_iter().map(|(_, body)| body).collect();
    for seed in 0..MUTATIONS {
        read_anything(&damage::damaged(&bodies, seed));
    }
}
