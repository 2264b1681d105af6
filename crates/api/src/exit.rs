//! Exit codes, everywhere the same.

use serde::{Deserialize, Serialize};
use windlass_model::Outcome;

/// How a command ends. The numbers are a contract with scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// Done, nothing to do, accepted with `--detach`, or a rollback or abort that did what was asked.
    Done,
    /// Failed, and none of the deployment's services had a previous release.
    Failed,
    /// Back at the previous releases, whether or not traffic had moved.
    RolledBack,
    /// Waiting for a person, or `--wait` ran out.
    Waiting,
    /// Refused: lock, freeze, gate, permission, stale plan.
    Refused,
    /// Stuck or state unknown.
    Stuck,
    /// Usage.
    Usage,
    /// Configuration.
    Configuration,
    /// The controller can't be reached.
    Unreachable,
    /// A bug in Windlass.
    Bug,
    /// Ctrl-C detached; the deployment goes on.
    Detached,
}

impl Exit {
    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::RolledBack => 3,
            Self::Waiting => 4,
            Self::Refused => 5,
            Self::Stuck => 6,
            Self::Usage => 64,
            Self::Configuration => 65,
            Self::Unreachable => 69,
            Self::Bug => 70,
            Self::Detached => 130,
        }
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Promoted => Self::Done,
            Outcome::PartlyPromoted | Outcome::RolledBack => Self::RolledBack,
            Outcome::Failed => Self::Failed,
        }
    }
}
