//! Every file of `tests/corpus`: what good ones become, what bad ones are told, and that the schema
//! sees the same.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use windlass_config::{
    CODES, Format, Loaded, Problem, Refused, Request, SeenBy, as_json, load, render_all, schema,
};

/// Set, it makes the expected outputs anew instead of comparing with them.
const UPDATE: &str = "WINDLASS_UPDATE_CORPUS";

/// One file of the corpus.
pub(crate) struct Case {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Case {
    /// The name that messages show: that of the searched file in its format.
    pub(crate) fn name(&self) -> String {
        let ending = self.path.extension().and_then(|ending| ending.to_str());
        format!("windlass.{}", ending.expect("an ending"))
    }

    pub(crate) fn attempt(&self) -> Result<Loaded, Refused> {
        attempt(&self.text, &self.name())
    }

    /// As a JSON Schema sees it; none where there is no tree.
    pub(crate) fn json(&self) -> Option<Value> {
        as_json(&self.text, Format::of(&self.name())).ok()
    }

    fn problems(&self) -> Vec<Problem> {
        let refused = self.attempt().err();
        refused.map(|refused| refused.problems).unwrap_or_default()
    }
}

pub(crate) fn cases(kind: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(kind);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the corpus")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending != "out"))
        .collect();
    files.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a text");
        Case { path, text }
    };
    files.into_iter().map(read).collect()
}

/// A file of several environments says in its first line which one to load: `# -e staging`, in JSON
/// `{ "x-e": "staging",`.
pub(crate) fn attempt(text: &str, name: &str) -> Result<Loaded, Refused> {
    let first = text.lines().next().unwrap_or_default();
    let in_json = first.strip_prefix("{ \"x-e\": \"");
    let in_json = in_json.and_then(|rest| rest.strip_suffix("\","));
    load(&Request {
        text,
        name,
        environment: first.strip_prefix("# -e ").or(in_json),
        set: &[],
    })
}

fn compare(path: &Path, actual: &str, failures: &mut Vec<String>) {
    let expected = path.with_extension("out");
    if std::env::var_os(UPDATE).is_some() {
        return fs::write(expected, actual).expect("the corpus is writable");
    }
    let wanted = fs::read_to_string(&expected).unwrap_or_default();
    if wanted != actual {
        failures.push(format!(
            "{}\n--- expected\n{wanted}--- actual\n{actual}",
            expected.display()
        ));
    }
}

#[test]
fn every_good_file_becomes_the_specification_beside_it() {
    let mut failures = Vec::new();
    for case in cases("good") {
        let (path, name) = (&case.path, case.name());
        match case.attempt() {
            Ok(loaded) => {
                let json = serde_json::to_value(&loaded.spec).expect("json");
                let mut out = format!("{json:#}\n");
                for (name, span) in &loaded.foreign_names {
                    writeln!(out, "{name} at {}:{}", span.line, span.column).expect("a string");
                }
                out.push_str(&render_all(&loaded.warnings, &name, &case.text));
                compare(path, &out, &mut failures);
            }
            Err(refused) => failures.push(format!(
                "{}\n{}",
                path.display(),
                render_all(&refused.problems, &name, &case.text)
            )),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_bad_file_is_told_what_stands_beside_it() {
    let mut failures = Vec::new();
    for case in cases("bad") {
        match case.attempt() {
            Ok(_) => failures.push(format!("{}: accepted", case.path.display())),
            Err(refused) => {
                let out = render_all(&refused.problems, &case.name(), &case.text);
                compare(&case.path, &out, &mut failures);
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn both_kinds_have_many_files_in_each_format_and_no_two_share_a_name() {
    for (kind, least) in [("good", 80), ("bad", 80)] {
        let cases = cases(kind);
        let stems: BTreeSet<_> = cases.iter().map(|case| case.path.file_stem()).collect();
        assert_eq!(stems.len(), cases.len(), "two files of one name in {kind}");
        assert!(cases.len() >= least, "{kind}: {}", cases.len());
        for ending in ["yaml", "toml", "json"] {
            let of_it = cases
                .iter()
                .filter(|case| case.name().ends_with(ending))
                .count();
            assert!(of_it >= 10, "{kind}: {of_it} of {ending}");
        }
    }
}

#[test]
fn the_schema_refuses_exactly_the_structural_problems() {
    let validator = jsonschema::draft202012::new(&schema()).expect("a schema");
    let mut failures = Vec::new();
    for case in cases("good").into_iter().chain(cases("bad")) {
        let Some(json) = case.json() else {
            continue;
        };
        let problems = case.problems();
        let structural = problems
            .iter()
            .any(|problem| seen_by(problem.code) == SeenBy::Schema);
        if validator.is_valid(&json) == structural {
            let errors: Vec<String> = validator
                .iter_errors(&json)
                .map(|error| error.to_string())
                .collect();
            failures.push(format!(
                "{}: decoders {problems:?}, schema {errors:?}",
                case.path.display()
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn each_structural_problem_is_refused_by_the_schema_on_its_own() {
    // A file with two structural problems could hide that the schema sees only one of them.
    let alone: BTreeSet<&str> = cases("bad")
        .into_iter()
        .filter_map(|case| {
            let problems = case.problems();
            let codes: BTreeSet<&str> = problems.iter().map(|problem| problem.code).collect();
            codes.first().copied().filter(|_| codes.len() == 1)
        })
        .collect();
    let missing: Vec<&str> = CODES
        .iter()
        .filter(|code| code.seen_by == SeenBy::Schema && !alone.contains(code.code))
        .map(|code| code.code)
        .collect();
    assert!(
        missing.is_empty(),
        "no file of the corpus has only {missing:?}"
    );
}

#[test]
fn every_code_of_a_file_is_in_the_corpus() {
    let warned = cases("good")
        .into_iter()
        .filter_map(|case| case.attempt().ok())
        .flat_map(|loaded| loaded.warnings);
    let seen: BTreeSet<&str> = cases("bad")
        .iter()
        .flat_map(Case::problems)
        .chain(warned)
        .map(|problem| problem.code)
        .collect();
    // Too large to keep in files; `hostile` makes them.
    let made = ["WL0101", "WL0103", "WL0104", "WL0105", "WL0153"];
    let missing: Vec<&str> = CODES
        .iter()
        .filter(|code| code.seen_by != SeenBy::Request && !made.contains(&code.code))
        .filter(|code| !seen.contains(code.code))
        .map(|code| code.code)
        .collect();
    assert!(missing.is_empty(), "no file of the corpus has {missing:?}");
}

pub(crate) fn seen_by(code: &str) -> SeenBy {
    CODES
        .iter()
        .find(|row| row.code == code)
        .expect("a listed code")
        .seen_by
}
