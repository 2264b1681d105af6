//! The tutorial, followed literally from an empty folder.

use crate::lab::{Lab, repository};
use crate::page::follow;

/// The addresses that the pages have, with the name that each gets in a lab.
pub(crate) const WRITTEN: [(&str, &str); 6] = [
    ("127.0.0.1:8080", "web"),
    ("127.0.0.1:8081", "api"),
    ("127.0.0.1:8082", "auth"),
    ("127.0.0.1:7070", "door"),
    ("127.0.0.1:9180", "metrics"),
    ("127.0.0.1:8099", "builds"),
];

#[test]
fn the_tutorial_works_as_it_is_written() {
    let lab = Lab::empty().state_in(crate::lab::HOME_STATE);
    follow(&lab, &repository("docs/tutorial.md"), &WRITTEN);
    lab.must_be_gone();
}

#[test]
fn the_first_page_works_as_it_is_written() {
    let lab = Lab::empty().state_in(crate::lab::HOME_STATE);
    follow(&lab, &repository("README.md"), &WRITTEN);
    lab.must_be_gone();
}

#[test]
fn the_application_of_the_tutorial_is_the_example() {
    let page = std::fs::read_to_string(repository("docs/tutorial.md")).unwrap();
    let example = std::fs::read_to_string(repository("examples/demo/windlass.yaml")).unwrap();
    assert!(page.contains(&format!("\n$ cat > windlass.yaml <<'EOF'\n{example}EOF\n")));
}
