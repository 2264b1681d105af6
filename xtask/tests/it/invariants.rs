//! The tables of invariants and scenarios name the tests that check each row; those tests are there.

use crate::tree::{assert_none, read, sources};

/// Pages with such a table, and the heading above it.
const TABLES: [(&str, &str); 2] = [
    ("docs/architecture.md", "## Invariants"),
    ("docs/scenarios.md", "## Scenarios"),
];

/// The rows below `heading`, without the table's own head.
fn rows<'p>(page: &'p str, heading: &str) -> Vec<&'p str> {
    let section = page.split_once(heading).map_or("", |(_before, rest)| rest);
    let section = section
        .split_once("\n## ")
        .map_or(section, |(section, _after)| section);
    let rows = section.lines().filter(|line| line.starts_with('|'));
    rows.skip_while(|row| !row.starts_with("|--"))
        .skip(1)
        .collect()
}

/// The names in back quotes of a row's last column that look like a test's: words joined by underscores.
fn tests_named(row: &str) -> Vec<&str> {
    let cell = row.trim_end_matches(['|', ' ']).rsplit('|').next();
    cell.into_iter()
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|name| name.matches('_').count() >= 2 && !name.contains(['.', '/', ':', ' ']))
        .collect()
}

#[test]
fn every_row_names_a_test_and_every_test_that_it_names_exists() {
    let all: String = sources().into_iter().map(|source| source.text).collect();
    let mut wrong = Vec::new();
    for (name, heading) in TABLES {
        let page = read(name);
        let rows = rows(&page, heading);
        assert!(!rows.is_empty(), "{name} has no table below {heading:?}");
        for row in rows {
            let tests = tests_named(row);
            if tests.is_empty() {
                wrong.push(format!("{name} names no test in: {row}"));
            }
            for test in tests {
                if !all.contains(&format!("fn {test}(")) {
                    wrong.push(format!("{name} names {test}, which is no test here"));
                }
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn names_are_taken_from_the_last_column_only() {
    let page = "## A\n\n| no. | x |\n|---|---|\n| 1 | `a_b_c` holds | `the_test_name`, see `crates/x_y_z.rs` |\n\
                \n## Next\n| 2 | x | `another_test_name` |\n";
    let rows = rows(page, "## A");
    assert_eq!(rows.len(), 1);
    assert_eq!(tests_named(rows[0]), ["the_test_name"]);
}
