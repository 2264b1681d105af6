//! A change tells its users in one fragment, of a kind that the changelog knows.

use crate::tree::{assert_none, files, read};

/// The kinds, as the ends of file names.
const KINDS: [&str; 4] = ["breaking", "deprecation", "feature", "fix"];
const FOLDER: &str = "changelog.d/";

fn is_well_named(name: &str) -> bool {
    let Some((topic, kind)) = name
        .strip_suffix(".md")
        .and_then(|stem| stem.rsplit_once('.'))
    else {
        return false;
    };
    let is_plain =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    KINDS.contains(&kind) && !topic.is_empty() && topic.chars().all(is_plain)
}

#[test]
fn every_fragment_is_named_by_topic_and_kind() {
    let bad: Vec<String> = files()
        .into_iter()
        .filter(|path| {
            path.strip_prefix(FOLDER)
                .is_some_and(|name| name != "README.md" && !is_well_named(name))
        })
        .collect();
    assert_none(&bad);
}

#[test]
fn every_fragment_says_something() {
    let bad: Vec<String> = files()
        .into_iter()
        .filter(|path| path.starts_with(FOLDER) && read(path).trim().is_empty())
        .collect();
    assert_none(&bad);
}

#[test]
fn a_fragment_without_a_known_kind_is_seen() {
    assert!(is_well_named("canary-steps.feature.md"));
    for bad in [
        "canary.md",
        "canary.news.md",
        "Canary Steps.fix.md",
        ".fix.md",
        "a.fix.txt",
    ] {
        assert!(!is_well_named(bad), "{bad} was taken");
    }
}
