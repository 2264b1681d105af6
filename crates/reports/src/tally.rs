//! Tests, counted.

use crate::found::{Found, Unreadable, shown};
use crate::limit::{MAX_COUNTED, MAX_NAMED};

/// Tests of a report, by how they ended.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    passed: u32,
    failed: u32,
    skipped: u32,
    /// Of those that passed: not at the first try.
    flaky: u32,
    /// The first that failed.
    failing: Vec<String>,
}

/// How one test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Passed,
    Flaky,
    Failed,
    Skipped,
}

impl Tally {
    /// Counts one test. `name` is asked for only if it is told.
    pub(crate) fn add(&mut self, ended: Ended, name: impl FnOnce() -> String) {
        let counter = match ended {
            Ended::Passed => &mut self.passed,
            Ended::Flaky => {
                self.flaky = self.flaky.saturating_add(1);
                &mut self.passed
            }
            Ended::Skipped => &mut self.skipped,
            Ended::Failed => {
                if self.failing.len() < MAX_NAMED {
                    self.failing.push(shown(&name()));
                }
                &mut self.failed
            }
        };
        *counter = counter.saturating_add(1);
    }

    /// Adds what another part of the report counted.
    pub(crate) fn join(&mut self, other: Self) {
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
        self.skipped = self.skipped.saturating_add(other.skipped);
        self.flaky = self.flaky.saturating_add(other.flaky);
        let room = MAX_NAMED.saturating_sub(self.failing.len());
        self.failing.extend(other.failing.into_iter().take(room));
    }

    /// The share of those that ran which passed. A report in which none ran says nothing.
    pub(crate) fn found(self) -> Result<Found, Unreadable> {
        let ran = self.passed.saturating_add(self.failed);
        if ran > MAX_COUNTED {
            return Err(Unreadable::whole(format!("more than {MAX_COUNTED} tests")));
        }
        if ran == 0 {
            return Err(Unreadable::whole(match self.skipped {
                0 => "no test ran".to_owned(),
                skipped => format!("no test ran, {skipped} skipped"),
            }));
        }
        let mut saw = format!("{} of {ran} tests passed", self.passed);
        for (count, what) in [(self.flaky, "flaky"), (self.skipped, "skipped")] {
            if count > 0 {
                saw = format!("{saw}, {count} {what}");
            }
        }
        if !self.failing.is_empty() {
            let named = u32::try_from(self.failing.len()).unwrap_or(u32::MAX);
            let more = self.failed.saturating_sub(named);
            saw = format!("{saw}; failed: {}", self.failing.join(", "));
            if more > 0 {
                saw = format!("{saw} and {more} more");
            }
        }
        let value = f64::from(self.passed) / f64::from(ran) * 100.0;
        Ok(Found { value, saw })
    }
}
