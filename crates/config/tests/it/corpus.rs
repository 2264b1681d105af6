//! Every file of `tests/corpus`: what good ones become, what bad ones are told, and that the schema
//! sees the same.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use windlass_config::{CODES, Loaded, Refused, Request, SeenBy, as_json, load, render_all, schema};

/// Set, it makes the expected outputs anew instead of comparing with them.
const UPDATE: &str = "WINDLASS_UPDATE_CORPUS";

pub(crate) fn files(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(kind);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the corpus")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "yaml"))
        .collect();
    files.sort();
    files
}

/// A file of several environments says in its first line which one to load: `# -e staging`.
pub(crate) fn attempt(text: &str) -> Result<Loaded, Refused> {
    let first = text.lines().next().unwrap_or_default();
    load(&Request {
        text,
        name: "windlass.yaml",
        environment: first.strip_prefix("# -e "),
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
    let files = files("good");
    assert!(files.len() >= 15);
    let mut failures = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("a text");
        match attempt(&text) {
            Ok(loaded) => {
                let json = serde_json::to_value(&loaded.spec).expect("json");
                let mut out = format!("{json:#}\n");
                for (name, span) in &loaded.foreign_names {
                    writeln!(out, "{name} at {}:{}", span.line, span.column).expect("a string");
                }
                compare(&path, &out, &mut failures);
            }
            Err(refused) => failures.push(format!(
                "{}\n{}",
                path.display(),
                render_all(&refused.problems, "windlass.yaml", &text)
            )),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_bad_file_is_told_what_stands_beside_it() {
    let files = files("bad");
    assert!(files.len() >= 40);
    let mut failures = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("a text");
        match attempt(&text) {
            Ok(_) => failures.push(format!("{}: accepted", path.display())),
            Err(refused) => {
                let out = render_all(&refused.problems, "windlass.yaml", &text);
                compare(&path, &out, &mut failures);
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_schema_refuses_exactly_the_structural_problems() {
    let validator = jsonschema::draft202012::new(&schema()).expect("a schema");
    let mut failures = Vec::new();
    for path in files("good").into_iter().chain(files("bad")) {
        let text = fs::read_to_string(&path).expect("a text");
        let Ok(json) = as_json(&text) else {
            continue;
        };
        let problems = attempt(&text)
            .err()
            .map(|refused| refused.problems)
            .unwrap_or_default();
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
                path.display()
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn each_structural_problem_is_refused_by_the_schema_on_its_own() {
    // A file with two structural problems could hide that the schema sees only one of them.
    let alone: BTreeSet<&str> = files("bad")
        .into_iter()
        .filter_map(|path| {
            let text = fs::read_to_string(&path).expect("a text");
            let problems = attempt(&text).err()?.problems;
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
    let seen: BTreeSet<&str> = files("bad")
        .into_iter()
        .flat_map(|path| {
            let text = fs::read_to_string(&path).expect("a text");
            attempt(&text)
                .err()
                .map(|refused| refused.problems)
                .unwrap_or_default()
        })
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

fn seen_by(code: &str) -> SeenBy {
    CODES
        .iter()
        .find(|row| row.code == code)
        .expect("a listed code")
        .seen_by
}
