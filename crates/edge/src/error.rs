//! What an adapter says when it can't.

use windlass_model::Millis;

/// A failed call: what was tried, what kind of failure, whether trying again can help.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct EdgeError {
    /// What failed and what was seen, for a person; without the cause.
    pub what: String,
    /// What kind of failure.
    pub kind: ErrorKind,
    /// Whether trying again can help.
    pub retry: Retry,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The other side said no and will say so again (old epoch, foreign id).
    Refused,
    /// It can't be reached.
    Unreachable,
    /// It did not answer in time: the effect is **unknown**.
    Timeout,
    /// It answered that what was asked is not valid.
    Rejected,
    /// Something else has what was asked for: an address, a generation, a lock.
    Conflict,
    /// A person has halted every raise: it may go on once that is lifted.
    Halted,
    /// It can't do that at all.
    Unsupported,
    /// Its answer could not be read.
    Malformed,
}

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// At once.
    Now,
    /// After a while.
    After(Millis),
    /// Never: it takes a change.
    Never,
}

impl EdgeError {
    /// A failure without a further cause.
    pub fn new(kind: ErrorKind, retry: Retry, what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            kind,
            retry,
            source: None,
        }
    }

    /// The same with its cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The failure and all its causes in one line.
    pub fn chain(&self) -> String {
        let mut text = self.what.clone();
        let mut cause = std::error::Error::source(self);
        while let Some(deeper) = cause {
            text.push_str(": ");
            text.push_str(&deeper.to_string());
            cause = deeper.source();
        }
        text
    }
}
