//! What is written down in the repository and made by the program: the two are the same.
//!
//! After a change that is meant:
//!
//! ```text
//! WINDLASS_WRITE=1 cargo test -p windlass --test it written
//! ```

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::lab::repository;
use crate::typed::Place;

/// The variable that says to write instead of comparing.
const WRITE: &str = "WINDLASS_WRITE";

/// Columns of the narrowest terminal that must do.
const COLUMNS: usize = 80;

/// Fails unless the file says just this; or writes it.
#[track_caller]
fn must_be_written(file: &Path, text: &str) {
    if std::env::var_os(WRITE).is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let there = fs::read_to_string(file).unwrap_or_default();
    let first = there
        .lines()
        .zip(text.lines())
        .find(|(there, now)| there != now);
    assert!(
        there == text,
        "{} is out of date; first difference: {first:?}\nif that is meant: {WRITE}=1 cargo test -p windlass --test it written",
        file.display()
    );
}

#[test]
fn the_references_are_what_the_program_prints() {
    for (topic, file) in [("cli", "cli.md"), ("exit-codes", "exit-codes.md")] {
        let left = Place::empty().run(&["docs", topic, "-o", "json"]);
        let value: Value = serde_json::from_str(&left.out).unwrap();
        let page = value["page"].as_str().unwrap();
        must_be_written(&repository("docs/reference").join(file), page);
    }
}

/// Every verb for people, `token create` as its words.
fn verbs() -> Vec<String> {
    let reference = Place::empty().run(&["docs", "cli"]).out;
    let usages = reference
        .lines()
        .filter_map(|line| line.strip_prefix("    windlass "));
    usages
        .filter(|line| line.contains("[OPTIONS]"))
        .map(|line| {
            let words = line.split(' ');
            let verb = words.take_while(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
            verb.collect::<Vec<_>>().join(" ")
        })
        .collect()
}

#[test]
fn every_help_is_written_and_fits_in_80_columns() {
    let help = |words: &[&str]| {
        let place = Place::empty();
        let mut command = place.command(words);
        let output = command
            .env("COLUMNS", COLUMNS.to_string())
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let mut all = format!("$ windlass --help\n{}", help(&["--help"]));
    let mut count = 0;
    for verb in verbs() {
        let words: Vec<&str> = verb.split(' ').collect();
        let text = help(&[&words[..], &["--help"]].concat());
        assert_eq!(text, help(&[&words[..], &["-h"]].concat()), "{verb}");
        let summary = text.lines().next().unwrap();
        assert!(
            !summary.ends_with('.') && summary.len() <= COLUMNS,
            "{summary}"
        );
        // Those of every command are above.
        let (own, rest) = text.split_once("Options of every command").unwrap();
        let below = rest.split_once("\n\n").map_or("", |(_, below)| below);
        write!(all, "\n$ windlass {verb} --help\n{}\n", own.trim_end()).unwrap();
        if !below.is_empty() {
            write!(all, "\n{below}").unwrap();
        }
        count += 1;
    }
    assert!(count > 25, "{count}");
    let long: Vec<_> = all
        .lines()
        .filter(|line| line.chars().count() > COLUMNS)
        .collect();
    assert!(long.is_empty(), "{long:#?}");
    must_be_written(&repository("crates/windlass/tests/it/help.txt"), &all);
}

/// Every code that stands in a source as a text of its own.
fn codes_in_sources() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![repository("crates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                let name = path.file_name().unwrap();
                let passed_over = ["tests", "target", "examples", "benches"];
                if !passed_over.iter().any(|passed| name == *passed) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.extend(codes_in(&fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

fn codes_in(text: &str) -> Vec<String> {
    let pieces = text.split("\"WL").skip(1);
    let digits = pieces.filter_map(|piece| piece.split_once('"').map(|(digits, _)| digits));
    digits
        .filter(|digits| digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .map(|digits| format!("WL{digits}"))
        .collect()
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let left = Place::empty().run(&["explain", "-o", "json"]);
    let value: Vec<Value> = serde_json::from_str(&left.out).unwrap();
    let pages: BTreeSet<String> = value
        .iter()
        .map(|code| code["code"].as_str().unwrap().to_owned())
        .collect();
    let mut codes = codes_in_sources();
    codes.extend(
        windlass_config::CODES
            .iter()
            .map(|code| code.code.to_owned()),
    );
    assert!(codes.len() > 90, "{}", codes.len());
    let missing: Vec<_> = codes.difference(&pages).collect();
    assert!(
        missing.is_empty(),
        "write docs/errors/CODE.md for {missing:?}"
    );
    let left_over: Vec<_> = pages.difference(&codes).collect();
    assert!(
        left_over.is_empty(),
        "nothing has the code of these pages: {left_over:?}"
    );
}

#[test]
fn a_code_in_a_source_is_seen() {
    let text = "x(\"WL0301\"); \"WL01\" \"WL03012\" y [WL0401] \"WL0402\"";
    assert_eq!(codes_in(text), ["WL0301", "WL0402"]);
}
