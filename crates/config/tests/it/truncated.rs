//! Half a file, or one with a slip in it, is read or refused: never a panic, never a place outside it,
//! and never a schema that sees something else.

use jsonschema::Validator;
use windlass_config::{Format, SeenBy, as_json, render_all, schema};

use crate::corpus::{attempt, cases, seen_by};

/// What slips in for a character.
const SLIPS: [&str; 19] = [
    "{", "[", "}", "]", "'", "\"", "&a ", "*a ", "\t", "\u{0}", "#", ": ", "- ", "\n", "0", "%",
    "$", "é", "",
];

fn look_at(text: &str, name: &str, validator: &Validator) {
    let problems = attempt(text, name)
        .err()
        .map(|refused| refused.problems)
        .unwrap_or_default();
    for span in problems.iter().filter_map(|problem| problem.span) {
        let marked = text.get(span.offset..span.offset + span.length);
        assert!(marked.is_some(), "{span:?} is not in {text:?}");
        // A lone carriage return ends a line of YAML too.
        let ends: &[char] = match Format::of(name) {
            Format::Yaml => &['\n', '\r'],
            Format::Toml | Format::Json => &['\n'],
        };
        let breaks = |before: &str| before.replace("\r\n", "\n").matches(ends).count();
        let lines = text.get(..span.offset).map(|before| breaks(before) + 1);
        assert_eq!(
            lines,
            usize::try_from(span.line).ok(),
            "{span:?} in {text:?}"
        );
    }
    let drawn = render_all(&problems, name, text);
    assert!(drawn.chars().all(|c| c == '\n' || !c.is_control()));
    if let Ok(json) = as_json(text, Format::of(name)) {
        let structural = problems
            .iter()
            .any(|problem| seen_by(problem.code) == SeenBy::Schema);
        assert_ne!(validator.is_valid(&json), structural, "{text}\n{drawn}");
    }
}

#[test]
fn a_file_cut_anywhere_is_read_or_refused() {
    let validator = jsonschema::draft202012::new(&schema()).expect("a schema");
    for case in cases("good") {
        let (text, name) = (case.text.as_str(), case.name());
        for (end, _) in text.char_indices() {
            look_at(text.get(..end).expect("a boundary"), &name, &validator);
        }
    }
}

#[test]
fn a_file_with_a_slip_anywhere_is_read_or_refused() {
    let validator = jsonschema::draft202012::new(&schema()).expect("a schema");
    for case in cases("good") {
        let (text, name) = (case.text.as_str(), case.name());
        for (number, (at, c)) in text.char_indices().enumerate() {
            let before = text.get(..at).expect("a boundary");
            let after = text.get(at + c.len_utf8()..).expect("a boundary");
            // In turn, so that over the corpus each meets every kind of place.
            let slip = SLIPS[(number / 19 + number) % 19];
            look_at(&format!("{before}{slip}{after}"), &name, &validator);
        }
    }
}
