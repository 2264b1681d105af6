//! Beginnings of one judgement: the weights of a mixture over the time of a change.

use serde::{Deserialize, Serialize};

use crate::numbers::real;

/// How many beginnings there were. The `k`-th weighs `1/(k(k+1))`; all there can be weigh one
/// together, and after `k` of them `1/(k+1)` is left. As the alternatives are the same for each,
/// their sum needs no more room than one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Starts {
    opened: u64,
    every: u64,
    since: u64,
}

impl Starts {
    /// The first beginning; another one after so many requests.
    pub(crate) fn first(every: u64) -> Self {
        Self {
            opened: 1,
            every: every.max(1),
            since: 0,
        }
    }

    /// Whether another beginning is due before the next request.
    pub(crate) fn due(&self) -> bool {
        self.since >= self.every
    }

    pub(crate) fn count(&mut self, requests: u64) {
        self.since = self.since.saturating_add(requests);
    }

    /// Another beginning.
    pub(crate) fn open(&mut self) {
        self.opened += 1;
        self.since = 0;
    }

    pub(crate) fn last_weight(&self) -> f64 {
        1.0 / (real(self.opened) * real(self.opened + 1))
    }

    pub(crate) fn unopened(&self) -> f64 {
        1.0 / real(self.opened + 1)
    }
}
