//! When a controller dies.

/// A controller's death at a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The commit is lost with it.
    Before(u64),
    /// The commit is durable, and nobody is told.
    After(u64),
}

impl Crash {
    pub(crate) const fn commit(self) -> u64 {
        match self {
            Self::Before(commit) | Self::After(commit) => commit,
        }
    }
}
