//! Exit codes, everywhere the same.

use serde::{Deserialize, Serialize};
use windlass_model::Outcome;

/// How a command ends. The numbers are a contract with scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
            Outcome::Abandoned => Self::Stuck,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_that_scripts_rely_on() {
        let contract = [
            (Exit::Done, 0),
            (Exit::Failed, 1),
            (Exit::RolledBack, 3),
            (Exit::Waiting, 4),
            (Exit::Refused, 5),
            (Exit::Stuck, 6),
            (Exit::Usage, 64),
            (Exit::Configuration, 65),
            (Exit::Unreachable, 69),
            (Exit::Bug, 70),
            (Exit::Detached, 130),
        ];
        for (exit, code) in contract {
            assert_eq!(exit.code(), code, "{exit:?}");
        }
    }

    #[test]
    fn whoever_follows_a_deployment_ends_as_it_does() {
        assert_eq!(Exit::from(Outcome::Promoted), Exit::Done);
        assert_eq!(Exit::from(Outcome::RolledBack), Exit::RolledBack);
        assert_eq!(Exit::from(Outcome::PartlyPromoted), Exit::RolledBack);
        assert_eq!(Exit::from(Outcome::Failed), Exit::Failed);
        assert_eq!(Exit::from(Outcome::Abandoned), Exit::Stuck);
    }
}
