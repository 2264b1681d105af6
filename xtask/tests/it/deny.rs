//! The lists of `deny.toml`, so that each is written once.

use crate::tree::read;

/// The licences that may come into the tree.
pub(crate) fn allowed_licences() -> Vec<String> {
    quoted(block(&read("deny.toml"), "[licenses]", "allow = ["))
}

/// The packages that must never come into the tree.
pub(crate) fn banned_packages() -> Vec<String> {
    let text = read("deny.toml");
    let mut names = Vec::new();
    for line in block(&text, "[bans]", "deny = [").lines() {
        let crates = line.split("crate = ").skip(1).map(quoted);
        names.extend(crates.filter_map(|words| words.into_iter().next()));
    }
    names
}

/// The lines of one list of one section; empty if either is missing.
fn block<'a>(text: &'a str, section: &str, list: &str) -> &'a str {
    text.split_once(section)
        .and_then(|(_before, rest)| rest.split_once(&format!("\n{list}")))
        .and_then(|(_before, rest)| rest.split_once("\n]"))
        .map_or("", |(list, _after)| list)
}

/// The words between double quotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn both_lists_are_found() {
    assert!(allowed_licences().contains(&"Apache-2.0".to_owned()));
    assert_eq!(
        banned_packages(),
        ["openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys"]
    );
}
