//! Half a file, or one with a slip in it, is read or refused: never a panic, never a place outside it,
//! and never a schema that sees something else.

use jsonschema::Validator;
use windlass_config::{Format, SeenBy, as_json, schema};

use crate::anything::read_anything;
use crate::corpus::{cases, seen_by};

/// What slips in for a character.
const SLIPS: [&str; 19] = [
    "{", "[", "}", "]", "'", "\"", "&a ", "*a ", "\t", "\u{0}", "#", ": ", "- ", "\n", "0", "%",
    "$", "é", "",
];

/// One place in so many is tried in each file, another one in the next.
const STEP: usize = 3;

fn look_at(text: &str, name: &str, validator: &Validator) {
    let problems = read_anything(text, name);
    if let Ok(json) = as_json(text, Format::of(name)) {
        let structural = problems
            .iter()
            .any(|problem| seen_by(problem.code) == SeenBy::Schema);
        assert_ne!(
            validator.is_valid(&json),
            structural,
            "{text}\n{problems:?}"
        );
    }
}

#[test]
fn a_file_cut_anywhere_is_read_or_refused() {
    let validator = jsonschema::draft202012::new(&schema()).expect("a schema");
    for (file, case) in cases("good").into_iter().enumerate() {
        let (text, name) = (case.text.as_str(), case.name());
        for (end, _) in text.char_indices().skip(file % STEP).step_by(STEP) {
            look_at(text.get(..end).expect("a boundary"), &name, &validator);
        }
    }
}

#[test]
fn a_file_with_a_slip_anywhere_is_read_or_refused() {
    let validator = jsonschema::draft202012::new(&schema()).expect("a schema");
    for (file, case) in cases("good").into_iter().enumerate() {
        let (text, name) = (case.text.as_str(), case.name());
        let places = text.char_indices().enumerate();
        for (number, (at, c)) in places.skip(file % STEP).step_by(STEP) {
            let before = text.get(..at).expect("a boundary");
            let after = text.get(at + c.len_utf8()..).expect("a boundary");
            // In turn, so that over the corpus each meets every kind of place.
            let slip = SLIPS[(number / 19 + number) % 19];
            look_at(&format!("{before}{slip}{after}"), &name, &validator);
        }
    }
}
