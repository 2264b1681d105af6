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
    /// Ctrl-C detached, and the deployment goes on; or it gave up a wait, and nothing was begun.
    Detached,
}

impl Exit {
    /// All of them, lowest number first.
    pub const ALL: [Self; 11] = [
        Self::Done,
        Self::Failed,
        Self::RolledBack,
        Self::Waiting,
        Self::Refused,
        Self::Stuck,
        Self::Usage,
        Self::Configuration,
        Self::Unreachable,
        Self::Bug,
        Self::Detached,
    ];

    /// What it means, for the pages that list them.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => {
                "done, nothing to do, accepted with `--detach`, or a rollback or abort that did what was asked"
            }
            Self::Failed => "failed; of a deployment: none of its services had a previous release",
            Self::RolledBack => {
                "back at the previous releases, whether or not traffic had moved; also when some were promoted and the others are back"
            }
            Self::Waiting => "waiting for a person, or `--wait` ran out",
            Self::Refused => {
                "refused: another deployment runs, or none does that could be meant; halted, a stale plan, something is there already"
            }
            Self::Stuck => {
                "stuck, or the state is unknown; `doctor` found something broken; nothing is new, and what runs is not ready"
            }
            Self::Usage => "what was typed can't be understood",
            Self::Configuration => {
                "the file, or a value that it needs, is wrong; or a file or folder that was named can't be used"
            }
            Self::Unreachable => {
                "the controller can't be reached; a stopped one is named by its process id"
            }
            Self::Bug => "a bug in Windlass",
            Self::Detached => {
                "Ctrl-C ended the following, and the deployment goes on; or a `--wait`, and it does not begin"
            }
        }
    }

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
    fn all_are_listed_in_order() {
        assert!(
            Exit::ALL
                .windows(2)
                .all(|pair| pair[0].code() < pair[1].code())
        );
        assert_eq!(Exit::ALL.last(), Some(&Exit::Detached));
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
