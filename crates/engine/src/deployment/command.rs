//! What a person may say, and when.

use windlass_model::{DeploymentState, Outcome, PlanKind, Repair, StuckReason};

use super::state::{Course, Deployment, Names};
use crate::rollout::{Begun, Phase, Rollout};

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
    /// Stop and go back, because a newer deployment takes its place.
    Supersede,
    /// Mend what is stuck.
    Repair(Repair),
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

/// Why a word about what is stuck changes nothing.
const STUCK: &str = "it is stuck until a person repairs it";

/// Whether `command` applies in `state`. Every pair is decided here and tested.
fn accepts(state: DeploymentState, command: Command) -> Accepted {
    use DeploymentState::{Ended, Held, Returning, Running, Settling, Stuck};
    match (state, command) {
        (Running, Command::Hold | Command::Abort | Command::Promote | Command::Supersede)
        | (Held, Command::Resume | Command::Abort | Command::Promote | Command::Supersede)
        | (Stuck, Command::Abort | Command::Supersede | Command::Repair(_)) => Accepted::Yes,
        (Running, Command::Resume)
        | (Held, Command::Hold)
        | (Returning, Command::Abort | Command::Supersede) => Accepted::NoChange,
        (Returning, Command::Hold | Command::Resume | Command::Promote) => {
            Accepted::No("it is going back already")
        }
        (
            Settling,
            Command::Hold
            | Command::Resume
            | Command::Abort
            | Command::Promote
            | Command::Supersede,
        ) => Accepted::No("it is promoted already"),
        (Stuck, Command::Hold | Command::Resume | Command::Promote) => Accepted::No(STUCK),
        (Running | Held | Returning | Settling, Command::Repair(_)) => {
            Accepted::No("it is not stuck: there is nothing to repair")
        }
        (
            Ended(outcome),
            Command::Hold
            | Command::Resume
            | Command::Abort
            | Command::Promote
            | Command::Supersede
            | Command::Repair(_),
        ) => Accepted::No(match outcome {
            Outcome::Promoted => "it has ended: promoted",
            Outcome::PartlyPromoted => "it has ended: partly promoted",
            Outcome::RolledBack => "it has ended: rolled back",
            Outcome::Failed => "it has ended: failed",
            Outcome::Abandoned => "it has ended: abandoned",
        }),
    }
}

impl Deployment {
    /// Whether `command` applies now. As its state says; but what is stuck and has nowhere else to go
    /// is left to a person's repair, and keeps its lock until then; a rollback that has begun to move
    /// traffic, or to stop what served it, comes from what is bad and does not go back there; and one
    /// that failed, and names that the router does not know, are not done on anybody's word, for the
    /// journal would name what does not serve.
    pub fn accepts(&self, command: Command) -> Accepted {
        let accepted = accepts(self.state(), command);
        // What waits for a score alone goes on by itself; a person's word keeps it.
        if command == Command::Hold && self.state() == DeploymentState::Held && !self.held {
            return Accepted::Yes;
        }
        let stops = matches!(command, Command::Abort | Command::Supersede);
        if stops && self.state() == DeploymentState::Stuck && !self.can_turn_round() {
            return Accepted::No(STUCK);
        }
        let moves = self.rollouts.values().any(|rollout| {
            rollout.has_begun(Begun::Routing) || rollout.has_begun(Begun::StoppingOld)
        });
        if stops && accepted == Accepted::Yes && self.plan.kind == PlanKind::Rollback && moves {
            return Accepted::No("it is a rollback that has moved traffic: it does not go back");
        }
        // Whether what a script brings is live can be asked, or is known to who brought it.
        let failed = |rollout: &Rollout| {
            matches!(rollout.phase, Phase::Stuck(StuckReason::RollbackFailed(_)))
                && !rollout.is_command()
        };
        let done = command == Command::Repair(Repair::Done) && accepted == Accepted::Yes;
        if done && matches!(self.names, Names::Stuck(_)) {
            return Accepted::No(
                "the router does not know the new names yet: retry once it can, or abandon it",
            );
        }
        if done && self.rollouts.values().any(failed) {
            return Accepted::No(
                "what the rollback goes to does not run yet: retry once it can, or abandon it",
            );
        }
        accepted
    }

    /// Whether it goes to a release that a person may stop it from going to. One that goes back
    /// already, or settles, can only be tried again.
    fn can_turn_round(&self) -> bool {
        match self.course {
            Course::Forward | Course::Promoting => self.plan.kind != PlanKind::Rollback,
            Course::Returning | Course::Promoted | Course::Ended(_) => false,
        }
    }
}
