//! The table of invariants names the tests that check each; those tests are there.

use crate::tree::{assert_none, read, sources};

const PAGE: &str = "docs/architecture.md";
const HEADING: &str = "## Invariants";

/// The names in back quotes that look like a test's: words joined by underscores.
fn tests_named(page: &str) -> Vec<&str> {
    let section = page.split_once(HEADING).map_or("", |(_before, rest)| rest);
    let section = section
        .split_once("\n## ")
        .map_or(section, |(section, _after)| section);
    let rows = section.lines().filter(|line| line.starts_with('|'));
    rows.filter_map(|row| row.trim_end_matches(['|', ' ']).rsplit('|').next())
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|name| name.matches('_').count() >= 2 && !name.contains(['.', '/', ':', ' ']))
        .collect()
}

#[test]
fn every_test_that_the_table_names_exists() {
    let page = read(PAGE);
    assert!(page.contains(HEADING), "{PAGE} has no heading {HEADING:?}");
    let all: String = sources().into_iter().map(|source| source.text).collect();
    let lost: Vec<String> = tests_named(&page)
        .into_iter()
        .filter(|name| !all.contains(&format!("fn {name}(")))
        .map(|name| format!("{PAGE} names {name}, which is no test here"))
        .collect();
    assert_none(&lost);
}

#[test]
fn names_are_taken_from_the_last_column_only() {
    let page = "## Invariants\n\n| 1 | `a_b_c` holds | `the_test_name`, see `crates/x_y_z.rs` |\n\
                \n## Next\n| 2 | x | `another_test_name` |\n";
    assert_eq!(tests_named(page), ["the_test_name"]);
}
