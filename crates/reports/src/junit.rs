//! JUnit XML, as most runners of tests write it.

use crate::found::{Found, Unreadable};
use crate::tally::{Ended, Tally};
use crate::xml::{Element, Listener, root, walk};

/// The share of tests that passed. Counted are the test cases themselves, not what a suite says about
/// them. A failure beside them counts as a test that failed.
///
/// # Errors
/// What is no JUnit XML, one that ends too early, one in which no test ran.
pub fn junit(bytes: &[u8]) -> Result<Found, Unreadable> {
    let mut report = Report::default();
    walk(bytes, &mut report)?;
    report.tally.found()
}

#[derive(Default)]
struct Report {
    tally: Tally,
    case: Option<Case>,
}

/// The test case that is being read.
struct Case {
    name: String,
    ended: Ended,
}

impl Listener for Report {
    fn open(&mut self, element: &Element<'_>) -> Result<(), String> {
        if element.depth == 0 {
            root(element, &["testsuites", "testsuite"])?;
        }
        match (element.name(), &mut self.case) {
            ("testcase", Some(_)) => return Err("a <testcase> in another".to_owned()),
            ("testcase", None) => {
                let (class, name) = (element.text("classname")?, element.text("name")?);
                let name = if class.is_empty() {
                    name
                } else {
                    format!("{class} {name}")
                };
                let ended = Ended::Passed;
                self.case = Some(Case { name, ended });
            }
            ("failure" | "error", Some(case)) => case.ended = Ended::Failed,
            ("failure" | "error", None) => {
                self.tally.add(Ended::Failed, || "a whole suite".to_owned());
            }
            ("skipped", Some(case)) if case.ended != Ended::Failed => case.ended = Ended::Skipped,
            ("flakyFailure" | "flakyError", Some(case)) if case.ended == Ended::Passed => {
                case.ended = Ended::Flaky;
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) -> Result<(), String> {
        if name == "testcase"
            && let Some(case) = self.case.take()
        {
            self.tally.add(case.ended, || case.name);
        }
        Ok(())
    }
}
