//! Half a file, or one with a slip in it, is read or refused: never a panic, never a place outside it,
//! and never a schema that sees something else.

use std::fs;

use jsonschema::Validator;
use windlass_config::{CODES, SeenBy, as_json, render_all, schema};

use crate::corpus::{attempt, files};

/// What slips in for a character.
const SLIPS: [&str; 19] = [
    "{", "[", "}", "]", "'", "\"", "&a ", "*a ", "\t", "\u{0}", "#", ": ", "- ", "\n", "0", "%",
    "$", "é", "",
];

fn look_at(text: &str, validator: &Validator) {
    let problems = attempt(text)
        .err()
        .map(|refused| refused.problems)
        .unwrap_or_default();
    for span in problems.iter().filter_map(|problem| problem.span) {
        let marked = text.get(span.offset..span.offset + span.length);
        assert!(marked.is_some(), "{span:?} is not in {text:?}");
        // A lone carriage return ends a line too.
        let breaks = |before: &str| before.replace("\r\n", "\n").matches(['\n', '\r']).count();
        let lines = text.get(..span.offset).map(|before| breaks(before) + 1);
        assert_eq!(
            lines,
            usize::try_from(span.line).ok(),
            "{span:?} in {text:?}"
        );
    }
    let drawn = render_all(&problems, "windlass.yaml", text);
    assert!(drawn.chars().all(|c| c == '\n' || !c.is_control()));
    if let Ok(json) = as_json(text) {
        let structural = problems.iter().any(|problem| {
            let mut rows = CODES.iter();
            rows.any(|row| row.code == problem.code && row.seen_by == SeenBy::Schema)
        });
        assert_ne!(validator.is_valid(&json), structural, "{text}\n{drawn}");
    }
}

#[test]
fn a_file_cut_anywhere_is_read_or_refused() {
    let validator = jsonschema::draft202012::new(&schema()).expect("a schema");
    for path in files("good") {
        let text = fs::read_to_string(&path).expect("a text");
        for (end, _) in text.char_indices() {
            look_at(text.get(..end).expect("a boundary"), &validator);
        }
    }
}

#[test]
fn a_file_with_a_slip_anywhere_is_read_or_refused() {
    let validator = jsonschema::draft202012::new(&schema()).expect("a schema");
    for path in files("good") {
        let text = fs::read_to_string(&path).expect("a text");
        for (number, (at, c)) in text.char_indices().enumerate() {
            let before = text.get(..at).expect("a boundary");
            let after = text.get(at + c.len_utf8()..).expect("a boundary");
            // Two of them in turn, so that over the corpus each meets every kind of place.
            for slip in [SLIPS[number % 19], SLIPS[(number / 19 + number + 7) % 19]] {
                look_at(&format!("{before}{slip}{after}"), &validator);
            }
        }
    }
}
