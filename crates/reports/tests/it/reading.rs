//! What a report comes to.

use windlass_reports::{Found, Unreadable, cobertura, figure, junit, lcov, playwright};

use crate::corpus::CORPUS;

fn told(read: Result<Found, Unreadable>) -> String {
    match read {
        Ok(Found { value, saw }) => format!("{value:.3}: {saw}"),
        Err(why) => format!("refused: {why}"),
    }
}

#[test]
fn cases_are_counted_and_those_that_failed_are_named() {
    assert_eq!(
        told(junit(CORPUS[0])),
        "60.000: 3 of 5 tests passed, 1 flaky, 1 skipped; failed: cart adds up, till opens"
    );
}

#[test]
fn a_test_of_playwright_counts_once_for_each_project() {
    assert_eq!(
        told(playwright(CORPUS[1])),
        "75.000: 3 of 4 tests passed, 1 flaky, 1 skipped; failed: takes money"
    );
}

#[test]
fn lines_that_are_told_of_twice_are_counted_once() {
    assert_eq!(
        told(lcov(CORPUS[2])),
        "83.333: 5 of 6 lines covered (83.3 %); not covered: 1 src/cart.js"
    );
    assert_eq!(
        told(cobertura(CORPUS[3])),
        "75.000: 3 of 4 lines covered (75.0 %); not covered: 1 cart.py"
    );
}

#[test]
fn a_summary_is_believed_only_where_there_is_nothing_to_count() {
    let bare = b"<coverage line-rate='0.9' lines-covered='9' lines-valid='10'/>";
    assert_eq!(
        told(cobertura(bare)),
        "90.000: 9 of 10 lines covered (90.0 %)"
    );
    let bare = b"SF:a\nLF:10\nLH:9\nend_of_record\n";
    assert_eq!(told(lcov(bare)), "90.000: 9 of 10 lines covered (90.0 %)");
    let boast = b"<coverage lines-covered='11' lines-valid='10'/>";
    assert_eq!(
        told(cobertura(boast)),
        "refused: 11 lines covered of 10: that can't be"
    );
    let boast = b"<testsuite tests='40' failures='0'></testsuite>";
    assert_eq!(told(junit(boast)), "refused: no test ran");
}

#[test]
fn a_figure_is_the_number_that_a_pointer_leads_to() {
    let at = |pointer| told(figure(CORPUS[4], pointer));
    assert_eq!(at("/categories/performance/score"), "0.910: score is 0.91");
    assert_eq!(at("/categories/a~1b/1/c"), "-2.500: c is -2.5");
    assert_eq!(at("/nowhere"), "refused: there is nothing at /nowhere");
    assert_eq!(
        at("/words"),
        "refused: what is at /words is no number: \"7\""
    );
    assert_eq!(told(figure(b" 7\n", "")), "7.000: it is 7");
}

#[test]
fn what_says_nothing_is_refused_with_its_line() {
    let refusals = [
        told(junit(b"")),
        told(junit(b"<testsuites>\n\n<testsuite>")),
        told(junit(b"<a>\n</b>")),
        told(junit(b"\n<coverage/>")),
        told(junit(b"<testsuite>\n\xff</testsuite>")),
        told(junit(
            b"<testsuite><testcase name='a'><skipped/></testcase></testsuite>",
        )),
        told(junit(b"<testsuite/>\n<testsuite/>")),
        told(playwright(b"{}")),
        told(playwright(b"{\"suites\": [\n{\"specs\": 7}]}")),
        told(playwright(b"{\"suites\": [], \"errors\": []}")),
        told(lcov(b"")),
        told(lcov(b"SF:a\nDA:1,1\n")),
        told(lcov(b"SF:a\nDA:x,1\nend_of_record\n")),
        told(lcov(b"<coverage/>")),
        told(cobertura(b"<coverage/>")),
        told(cobertura(
            b"<coverage><class filename='a'>\n<line number='1' hits='many'/></class></coverage>",
        )),
        told(figure(b"{\n", "/a")),
    ];
    insta::assert_snapshot!(refusals.join("\n"), @"
    refused: it holds no XML
    refused: line 3: it ends too early
    refused: line 1: expected <testsuites> or <testsuite>, found <a>
    refused: line 2: expected <testsuites> or <testsuite>, found <coverage>
    refused: line 2: it is not UTF-8
    refused: no test ran, 1 skipped
    refused: line 2: a second root
    refused: line 1: missing field `suites`
    refused: line 2: invalid type: integer `7`, expected a list
    refused: no test ran
    refused: it tells of no line of code
    refused: it ends within a record
    refused: line 2: `x` is no number
    refused: line 1: `<coverage/>` is no LCOV
    refused: it tells of no line of code
    refused: line 2: `many` are no hits
    refused: line 2: EOF while parsing an object
    ");
}

#[test]
fn a_failure_outside_of_all_tests_counts_as_one() {
    let suite = b"<testsuite><testcase name='a'/><error message='no tests'/></testsuite>";
    assert_eq!(
        told(junit(suite)),
        "50.000: 1 of 2 tests passed; failed: a whole suite"
    );
    let report = b"{\"suites\": [], \"errors\": [{\"message\": \"no\\ntests\"}]}";
    assert_eq!(
        told(playwright(report)),
        "0.000: 0 of 1 tests passed; failed: no tests"
    );
}
