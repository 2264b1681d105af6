//! The JSON of Playwright's reporter.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use crate::found::{Found, Unreadable, short};
use crate::limit::MAX_BYTES;
use crate::tally::{Ended, Tally};

/// The share of tests that passed; a test counts once for each project that it ran in. One that passed when
/// it was tried again is said to be flaky. An error outside of all tests counts as a test that failed.
///
/// # Errors
/// What is no such JSON, one in which no test ran.
pub fn playwright(bytes: &[u8]) -> Result<Found, Unreadable> {
    short(bytes, MAX_BYTES)?;
    let report: Report = serde_json::from_slice(bytes).map_err(|why| Unreadable::json(&why))?;
    let mut tally = report.suites.0;
    tally.join(report.errors.0);
    tally.found()
}

#[derive(serde::Deserialize)]
struct Report {
    suites: Counted<Suite>,
    #[serde(default)]
    errors: Counted<Outside>,
}

/// A file, or what is described together in it.
#[derive(serde::Deserialize)]
struct Suite {
    #[serde(default)]
    specs: Counted<Spec>,
    #[serde(default)]
    suites: Counted<Suite>,
}

#[derive(serde::Deserialize)]
struct Spec {
    #[serde(default)]
    title: String,
    tests: Vec<Test>,
}

#[derive(serde::Deserialize)]
struct Test {
    status: Status,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Expected,
    Unexpected,
    Flaky,
    Skipped,
}

/// Something that went wrong outside of all tests.
#[derive(serde::Deserialize)]
struct Outside {
    #[serde(default)]
    message: String,
}

/// A list of which only the count of its tests is kept, however long it is.
struct Counted<T>(Tally, PhantomData<T>);

/// What counts tests.
trait Counts {
    fn count(self, tally: &mut Tally);
}

impl Counts for Suite {
    fn count(self, tally: &mut Tally) {
        tally.join(self.specs.0);
        tally.join(self.suites.0);
    }
}

impl Counts for Spec {
    fn count(self, tally: &mut Tally) {
        for test in &self.tests {
            let ended = match test.status {
                Status::Expected => Ended::Passed,
                Status::Unexpected => Ended::Failed,
                Status::Flaky => Ended::Flaky,
                Status::Skipped => Ended::Skipped,
            };
            tally.add(ended, || self.title.clone());
        }
    }
}

impl Counts for Outside {
    fn count(self, tally: &mut Tally) {
        tally.add(Ended::Failed, || self.message);
    }
}

impl<T> Default for Counted<T> {
    fn default() -> Self {
        Self(Tally::default(), PhantomData)
    }
}

impl<'de, T: Deserialize<'de> + Counts> Deserialize<'de> for Counted<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Self::default())
    }
}

impl<'de, T: Deserialize<'de> + Counts> Visitor<'de> for Counted<T> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self, A::Error> {
        while let Some(item) = list.next_element::<T>()? {
            item.count(&mut self.0);
        }
        Ok(self)
    }
}
