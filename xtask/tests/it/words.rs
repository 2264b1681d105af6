//! Words that must not be in the tree: what is unfinished, and where somebody happened to work.

use std::path::Path;

use crate::tree::{Source, assert_none, files, read, sources};

/// What says that something is unfinished or left out. In pieces, so that this file passes its own check.
const UNFINISHED: [&str; 6] = [
    concat!("to", "do!"),
    concat!("unimpl", "emented!"),
    concat!("#[ig", "nore"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("TO", "DO"),
];

/// Where somebody happened to work.
const WORKPLACES: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// Kinds of file that are text.
const TEXT: [&str; 12] = [
    "rs", "toml", "md", "yaml", "yml", "json", "sh", "sql", "txt", "snap", "scn", "js",
];

/// Each line that holds one of the words by itself, not as a part of a longer one.
fn found(path: &str, text: &str, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for word in words.iter().filter(|word| stands_alone(line, word)) {
            found.push(format!("{path}:{}: {word}", number + 1));
        }
    }
    found
}

fn stands_alone(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let (before, rest) = line.split_at(at);
        let after = rest.strip_prefix(word).unwrap_or_default();
        !before.ends_with(continues) && (word.ends_with('/') || !after.starts_with(continues))
    })
}

/// Whether a letter here makes the word a part of a longer word or path.
fn continues(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '}' | '>')
}

fn is_text(path: &str) -> bool {
    let end = Path::new(path).extension().and_then(|end| end.to_str());
    end.is_some_and(|end| TEXT.contains(&end)) || path == ".ci/run"
}

#[test]
fn nothing_is_left_unfinished() {
    let all = sources();
    let hits = |source: &Source| found(&source.path, &source.text, &UNFINISHED);
    assert_none(&all.iter().flat_map(hits).collect::<Vec<String>>());
}

#[test]
fn no_file_names_a_place_on_somebodys_machine() {
    let texts = files().into_iter().filter(|path| is_text(path));
    let hits = texts.flat_map(|path| found(&path, &read(&path), &WORKPLACES));
    assert_none(&hits.collect::<Vec<String>>());
}

#[test]
fn each_word_is_seen_alone_and_not_inside_another() {
    for word in UNFINISHED.iter().chain(&WORKPLACES) {
        let line = format!("    let x = \"{word}\";");
        assert_eq!(
            found("a.rs", &line, &[word]).len(),
            1,
            "{word} was not seen"
        );
    }
    let lookalikes = [
        concat!("mktemp xX", "XX", "XX"),
        concat!("out/wo", "rk/x"),
        concat!("TO", "DOS"),
    ];
    for line in lookalikes {
        assert_none(&found("a.rs", line, &UNFINISHED));
        assert_none(&found("a.rs", line, &WORKPLACES));
    }
}
