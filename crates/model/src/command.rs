//! A command target: a script that deploys by itself.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Template;

/// What makes of a process a script that deploys and then ends. Its first command is
/// [`ProcessSpec::argv`](crate::ProcessSpec), `deploy` in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CommandSpec {
    /// Says what is live, as one line of JSON. Without it, a `deploy` that ends well is believed.
    pub status: Option<Vec<Template>>,
    /// Takes what it deployed back. Without it, the old release's `deploy` runs once more.
    pub rollback: Option<Vec<Template>>,
    /// How a run is told which deployment it belongs to and where to say how it goes.
    #[serde(default)]
    pub pass: Pass,
}

/// How a run is told which deployment it belongs to and where to say how it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Pass {
    /// By variables of its environment.
    #[default]
    Env,
    /// By flags behind its arguments.
    Flags,
    /// By both.
    Both,
}

impl Pass {
    /// Whether variables say it.
    pub fn has_env(self) -> bool {
        matches!(self, Self::Env | Self::Both)
    }

    /// Whether flags say it.
    pub fn has_flags(self) -> bool {
        matches!(self, Self::Flags | Self::Both)
    }
}

/// Which of its commands a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Brings a version.
    Deploy,
    /// Goes back to one.
    Rollback,
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
        })
    }
}

/// One run of a command: what it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CommandRun {
    /// Which command.
    pub job: Job,
    /// The version that must be live afterwards.
    pub version: String,
    /// The version that was before; none for a first one.
    pub from: Option<String>,
    /// Counts from 1; each try that a person asks for is one more.
    pub attempt: u32,
}

/// What is seen of a run that has not ended begins so; which process it is may follow.
pub const STILL_RUNS: &str = "it still runs";

/// What stands before the number of that process.
const AS_PROCESS: &str = " as process ";

/// What is seen of a run that has not ended, with the process that a person can look at, where it is known.
pub fn still_runs(process: Option<u32>) -> String {
    process.map_or_else(
        || STILL_RUNS.to_owned(),
        |pid| format!("{STILL_RUNS}{AS_PROCESS}{pid}"),
    )
}

/// Behind a sentence about the past: " as process 4711" where that was seen of a run that had not ended, nothing
/// where only that was seen, and none of anything else.
pub fn ran_as(saw: &str) -> Option<&str> {
    saw.strip_prefix(STILL_RUNS)
        .filter(|rest| rest.is_empty() || rest.starts_with(AS_PROCESS))
}

/// What is seen of a `status` begins so, whatever it said.
pub const STATUS: &str = "`status` ";

/// What is seen of a `status` that has not answered.
pub const STATUS_SILENT: &str = "`status` did not answer";

/// What is seen of a `status` that has answered clearly begins so.
pub const STATUS_SAYS: &str = "`status` says that ";

/// The same of one that is still on its way: it may be asked again.
pub const STATUS_SAYS_MOVING: &str = "`status` says that it is moving";

/// What follows [`STATUS_SAYS`] where nothing is live.
pub const STATUS_SAYS_NOTHING: &str = "nothing is live (absent)";

/// What follows a version behind [`STATUS_SAYS`] where that one is live.
pub const STATUS_SAYS_LIVE: &str = " is live";

/// What a `status` command said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandState {
    /// The version that was asked about is live.
    Live,
    /// It is on its way: ask again.
    Moving,
    /// It says clearly that something else is, or nothing; holds what was seen, for a person.
    NotLive(String),
    /// It failed, or said what can't be understood: nobody knows. Holds what was seen.
    Unclear(String),
}
