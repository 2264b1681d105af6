//! The page of all keys is what the tables say.

use std::fs;
use std::path::Path;

use windlass_config::{Request, load, reference};

/// Set, it writes the page anew instead of comparing with it.
const UPDATE: &str = "UPDATE_REFERENCE";

#[test]
fn the_page_of_all_keys_is_made_from_the_tables() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/file.md");
    let made = reference();
    if std::env::var_os(UPDATE).is_some() {
        fs::create_dir_all(page.parent().expect("a folder")).expect("the folder of the page");
        return fs::write(page, made).expect("the page is writable");
    }
    let written = fs::read_to_string(page).unwrap_or_default();
    assert!(
        written == made,
        "docs/reference/file.md is not what the tables say: run {UPDATE}=1 cargo test -p windlass-config reference"
    );
}

#[test]
fn every_whole_file_of_the_page_is_valid() {
    let made = reference();
    let mut found = 0;
    let fences: Vec<&str> = made.split("```").collect();
    for block in fences.iter().skip(1).step_by(2) {
        let (ending, text) = block.split_once('\n').expect("a language");
        if !text.contains("services") {
            continue;
        }
        let name = format!("windlass.{ending}");
        let request = Request {
            text,
            name: &name,
            environment: None,
            set: &[],
        };
        if let Err(refused) = load(&request) {
            panic!("{text}\n{}", refused.render(&request));
        }
        found += 1;
    }
    assert_eq!(found, 4);
}
