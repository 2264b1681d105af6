//! Every good file says the same in the other two formats.

use serde_json::Value;
use windlass_config::{Format, Request, SeenBy, as_json, load, schema};

use crate::corpus::{Case, cases, seen_by};

/// A value that only YAML keeps as it is written.
const NOT_QUOTED: &str = "WL0175";

struct Translated {
    text: String,
    name: &'static str,
}

/// The file in another format; none where that has no way to say it.
fn translated(json: &Value, format: Format) -> Option<Translated> {
    let (text, name) = match format {
        Format::Json => (
            serde_json::to_string_pretty(json).expect("JSON"),
            "windlass.json",
        ),
        Format::Toml => (toml::to_string(json).ok()?, "windlass.toml"),
        Format::Yaml => (
            serde_json::to_string_pretty(json).expect("JSON"),
            "windlass.yaml",
        ),
    };
    Some(Translated { text, name })
}

fn compare(case: &Case, other: &Translated) -> bool {
    let first = case.text.lines().next().unwrap_or_default();
    let original = case.attempt().expect("a good file").spec;
    let environment = original.environment.as_str();
    let request = Request {
        text: &other.text,
        name: other.name,
        environment: Some(environment),
        set: &[],
    };
    match load(&request) {
        Ok(loaded) => {
            assert_eq!(loaded.spec, original, "{first}\n{}", other.text);
            true
        }
        Err(refused) => {
            let expected = refused
                .problems
                .iter()
                .all(|problem| problem.code == NOT_QUOTED);
            assert!(expected, "{}\n{}", refused.render(&request), other.text);
            false
        }
    }
}

#[test]
fn every_good_file_says_the_same_in_the_other_formats() {
    let validator = jsonschema::draft202012::new(&schema()).expect("a schema");
    let mut same = 0;
    for case in cases("good") {
        let json = case.json().expect("a tree");
        for format in [Format::Json, Format::Toml, Format::Yaml] {
            let Some(other) = translated(&json, format) else {
                continue;
            };
            let seen = as_json(&other.text, format).expect("a tree");
            assert!(validator.is_valid(&seen), "{}", other.text);
            if !compare(&case, &other) {
                // What it says is lost once it is a number.
                break;
            }
            same += 1;
        }
    }
    assert!(same >= 200, "{same}");
}

#[test]
fn every_bad_file_is_refused_in_the_other_formats_by_schema_and_decoders_alike() {
    let validator = jsonschema::draft202012::new(&schema()).expect("a schema");
    let mut compared = 0;
    for case in cases("bad") {
        let Some(json) = case.json() else {
            continue;
        };
        for format in [Format::Toml, Format::Json, Format::Yaml] {
            let Some(other) = translated(&json, format) else {
                continue;
            };
            let request = Request {
                text: &other.text,
                name: other.name,
                environment: None,
                set: &[],
            };
            let problems = load(&request).err().map(|refused| refused.problems);
            let structural = problems
                .unwrap_or_default()
                .iter()
                .any(|problem| seen_by(problem.code) == SeenBy::Schema);
            let Ok(seen) = as_json(&other.text, format) else {
                continue;
            };
            assert_ne!(validator.is_valid(&seen), structural, "{}", other.text);
            compared += 1;
        }
    }
    assert!(compared >= 200, "{compared}");
}

#[test]
fn the_tree_of_toml_and_json_is_what_their_usual_readers_see() {
    let mut compared = 0;
    for case in cases("good") {
        let usual: Value = match Format::of(&case.name()) {
            Format::Yaml => continue,
            Format::Toml => toml::from_str(&case.text).expect("TOML"),
            Format::Json => serde_json::from_str(&case.text).expect("JSON"),
        };
        assert_eq!(case.json(), Some(usual), "{}", case.path.display());
        compared += 1;
    }
    assert!(compared >= 20);
}
