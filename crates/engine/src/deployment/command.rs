//! What a person may say, and when.

use windlass_model::{DeploymentState, Outcome};

/// What a person says to a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Wait until resumed.
    Hold,
    /// End the wait.
    Resume,
    /// Stop and go back.
    Abort,
    /// Skip the remaining bakes and steps.
    Promote,
}

/// What becomes of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It changes something.
    Yes,
    /// It is so already.
    NoChange,
    /// It no longer applies; holds why.
    No(&'static str),
}

/// Whether `command` applies in `state`. Every pair is decided here and tested.
pub fn accepts(state: DeploymentState, command: Command) -> Accepted {
    match (state, command) {
        (DeploymentState::Running, Command::Hold | Command::Abort | Command::Promote)
        | (DeploymentState::Held, Command::Resume | Command::Abort | Command::Promote)
        | (DeploymentState::Stuck, Command::Abort) => Accepted::Yes,
        (DeploymentState::Running, Command::Resume)
        | (DeploymentState::Held, Command::Hold)
        | (DeploymentState::Returning, Command::Abort) => Accepted::NoChange,
        (DeploymentState::Returning, Command::Hold | Command::Resume | Command::Promote) => {
            Accepted::No("it is going back already")
        }
        (
            DeploymentState::Settling,
            Command::Hold | Command::Resume | Command::Abort | Command::Promote,
        ) => Accepted::No("it is promoted already"),
        (DeploymentState::Stuck, Command::Hold | Command::Resume | Command::Promote) => {
            Accepted::No("it is stuck: abort tries again")
        }
        (
            DeploymentState::Ended(outcome),
            Command::Hold | Command::Resume | Command::Abort | Command::Promote,
        ) => Accepted::No(match outcome {
            Outcome::Promoted => "it has ended: promoted",
            Outcome::PartlyPromoted => "it has ended: partly promoted",
            Outcome::RolledBack => "it has ended: rolled back",
            Outcome::Failed => "it has ended: failed",
        }),
    }
}
