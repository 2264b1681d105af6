//! Files, functions and parameter lists stay small enough to be read at once.

use crate::exceptions::{Place, exceptions, settle};
use crate::functions::{functions, lines_of};
use crate::tree::{Source, assert_none, is_for_tests, sources};

/// Lines of a file without its test modules.
const SOURCE_LINES_MAX: usize = 500;
/// Lines of a file with them, and of a file below `tests/`.
const FILE_LINES_MAX: usize = 700;
/// Lines between the braces of a function.
const FUNCTION_LINES_MAX: usize = 70;
/// Parameters of a function, the receiver among them.
const PARAMETERS_MAX: usize = 5;

fn violations(source: &Source) -> Vec<(Place, String)> {
    let file = source.parse();
    let mut found = Vec::new();
    let mut add = |function: Option<&str>, what: String| {
        let place = Place {
            path: source.path.clone(),
            function: function.map(str::to_owned),
        };
        found.push((place, what));
    };
    let all = source.text.lines().count();
    let own = all.saturating_sub(test_lines(&file));
    if all > FILE_LINES_MAX {
        add(None, format!("{all} lines, at most {FILE_LINES_MAX}"));
    } else if !source.is_test() && own > SOURCE_LINES_MAX {
        add(
            None,
            format!("{own} lines without tests, at most {SOURCE_LINES_MAX}"),
        );
    }
    for function in functions(&file) {
        let name = Some(function.name.as_str());
        if function.lines > FUNCTION_LINES_MAX {
            add(
                name,
                format!("{} lines, at most {FUNCTION_LINES_MAX}", function.lines),
            );
        }
        if let Some(count) = function.parameters.filter(|count| *count > PARAMETERS_MAX) {
            add(
                name,
                format!("{count} parameters, at most {PARAMETERS_MAX}"),
            );
        }
    }
    found
}

/// The lines of the modules that exist for tests only.
fn test_lines(file: &syn::File) -> usize {
    file.items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Mod(module) if is_for_tests(&module.attrs) => Some(lines_of(module)),
            _ => None,
        })
        .sum()
}

#[test]
fn every_file_and_function_keeps_its_limit_or_has_a_reason() {
    let found: Vec<(Place, String)> = sources().iter().flat_map(violations).collect();
    assert_none(&settle(&found, &exceptions()));
}

#[test]
fn each_limit_is_held_to_the_line() {
    let function = |lines: usize| format!("fn long() {{\n{}}}\n", "    one();\n".repeat(lines));
    let file = |lines: usize| "// a line\n".repeat(lines);
    let tested = |own: usize, tests: usize| {
        format!(
            "{}#[cfg(test)]\nmod tests {{\n{}}}\n",
            file(own),
            file(tests - 3)
        )
    };
    let six = "fn wide(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) {}".to_owned();
    let five = "fn wide(a: u8, b: u8, c: u8, d: u8, e: u8) {}".to_owned();
    for (text, count) in [
        (function(70), 0),
        (function(71), 1),
        (file(500), 0),
        (file(501), 1),
        (tested(500, 200), 0),
        (tested(501, 100), 1),
        (tested(500, 201), 1),
        (five, 0),
        (six, 1),
    ] {
        let found = violations(&Source::made_up("crates/a/src/b.rs", &text));
        assert_eq!(found.len(), count, "{found:?}");
    }
}

#[test]
fn a_file_of_tests_may_be_longer_but_not_endless() {
    let source =
        |lines: usize| Source::made_up("crates/a/tests/it/b.rs", &"// line\n".repeat(lines));
    assert!(violations(&source(700)).is_empty());
    assert_eq!(violations(&source(701)).len(), 1);
}
