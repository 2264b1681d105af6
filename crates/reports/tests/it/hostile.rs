//! Reports that mean harm.

use std::fmt::Write as _;

use windlass_reports::limit::{MAX_ATTRIBUTES, MAX_BYTES, MAX_DEPTH, MAX_FIGURE_BYTES};
use windlass_reports::{figure, junit, lcov, playwright};

fn refused(text: &str) -> String {
    junit(text.as_bytes())
        .expect_err("it means harm")
        .to_string()
}

#[test]
fn no_entity_is_expanded() {
    let laughs = "<!DOCTYPE testsuite [\n<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>\n]>\n\
                  <testsuite><testcase name='&b;'/></testsuite>";
    assert_eq!(
        refused(laughs),
        "line 1: a document type that declares something"
    );
    let file = "<!DOCTYPE testsuite SYSTEM 'file:///etc/passwd'>\n\
                <testsuite>&all;<testcase name='&all;'/></testsuite>";
    assert!(refused(file).starts_with("line 2: "), "{}", refused(file));
}

#[test]
fn size_depth_and_attributes_have_limits() {
    let long = vec![b' '; MAX_BYTES + 1];
    for read in [junit, playwright, lcov] {
        let why = read(&long).expect_err("too long").to_string();
        assert_eq!(why, format!("more than {MAX_BYTES} bytes"));
    }
    let long = vec![b' '; MAX_FIGURE_BYTES + 1];
    assert!(figure(&long, "").is_err());

    let deep = "<testsuite>".repeat(MAX_DEPTH + 1);
    assert_eq!(
        refused(&deep),
        format!("line 1: more than {MAX_DEPTH} elements in each other")
    );
    let deep = "{\"suites\":[".repeat(200);
    assert!(playwright(deep.as_bytes()).is_err());
    assert!(figure("[".repeat(100_000).as_bytes(), "").is_err());

    let mut wide = "<testsuite><testcase ".to_owned();
    for number in 0..=MAX_ATTRIBUTES {
        write!(wide, "a{number}='' ").expect("a string takes any text");
    }
    wide.push_str("/></testsuite>");
    assert_eq!(
        refused(&wide),
        format!("line 1: more than {MAX_ATTRIBUTES} attributes")
    );
}

#[test]
fn what_a_report_names_can_do_a_terminal_no_harm() {
    let long = "x".repeat(5_000);
    let text =
        format!("<testsuite><testcase name='&#27;[31m{long}'><failure/></testcase></testsuite>");
    let saw = junit(text.as_bytes()).expect("a report").saw;
    assert!(!saw.chars().any(char::is_control));
    assert!(saw.len() < 200, "{saw}");
}
