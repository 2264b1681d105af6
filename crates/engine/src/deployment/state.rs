//! Where a deployment stands, what happens to it, and what it asks for.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use windlass_model::{
    DeploymentId, DeploymentState, Fact, Outcome, Plan, Proof, Rate, Repair, Report, Route,
    ScoreSummary, ServiceName, Slot, SlotId, Slower,
};

use super::scoring::{ScoreWish, Scores};
use crate::rollout::{self, Phase, Rollout};

/// One running or ended deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Which.
    pub id: DeploymentId,
    /// What it carries out.
    pub plan: Plan,
    /// Its parts.
    pub rollouts: BTreeMap<ServiceName, Rollout>,
    /// Where it is heading.
    pub course: Course,
    /// Whether a person asked to wait.
    pub held: bool,
    /// Whether its services bear their new names everywhere.
    pub names: Names,
    /// Services whose tripwire has fired: each can at most once.
    pub tripped: BTreeSet<ServiceName>,
    /// Services whose tripwire was withheld, as was told since readiness last changed.
    pub withheld: BTreeSet<ServiceName>,
    /// Whether all is done but the last look at what is back.
    pub proving: bool,
    /// Its health score.
    pub scores: Scores,
}

/// How far the new names of its services are. No rollout begins, and no deployment ends by itself,
/// before the router knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// The router is asked to take them.
    Changing,
    /// It did not in time: a person tries again, or gives the deployment up. Holds its last answer.
    Stuck(String),
    /// It knows them; from the beginning if none changes.
    Known,
}

/// Where a deployment is heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// To promotion.
    Forward,
    /// All passed; the promotion is being confirmed.
    Promoting,
    /// Past the commit point.
    Promoted,
    /// Everything goes back.
    Returning,
    /// Nowhere any more.
    Ended(Outcome),
}

/// A fact about a deployment: one journal row each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It began.
    Began,
    /// Something happened to one of its rollouts.
    Rollout {
        /// Whose.
        service: ServiceName,
        /// What.
        event: rollout::Event,
    },
    /// The run of a command said something about itself.
    Reported {
        /// Of which service.
        service: ServiceName,
        /// What, in order.
        reports: Vec<Report>,
    },
    /// Whether what the run of a command says is heard has changed.
    Heard {
        /// Of which service.
        service: ServiceName,
        /// Why it is lost; none once it is heard again.
        lost: Option<String>,
    },
    /// A person asked to wait.
    HoldRequested {
        /// Who.
        by: String,
    },
    /// A person ended the wait.
    ResumeRequested {
        /// Who.
        by: String,
    },
    /// A person stopped it.
    AbortRequested {
        /// Who.
        by: String,
    },
    /// A person skipped the remaining bakes and steps.
    PromoteRequested {
        /// Who.
        by: String,
    },
    /// A newer deployment takes its place: as an abort.
    SupersedeRequested {
        /// Who.
        by: String,
    },
    /// A person mends what is stuck.
    RepairRequested {
        /// Who.
        by: String,
        /// How.
        how: Repair,
    },
    /// A router took traffic back by itself.
    Tripped {
        /// Whose candidate was watched.
        service: ServiceName,
        /// The services whose traffic it took back.
        took_back: Vec<ServiceName>,
        /// What was seen.
        saw: String,
    },
    /// A router would have taken traffic back, and had nothing ready to go back to.
    TripWithheld {
        /// Whose candidate is watched.
        service: ServiceName,
        /// What was seen.
        saw: String,
    },
    /// What was seen of the services that went back.
    Proved {
        /// Per service.
        proofs: BTreeMap<ServiceName, Proof>,
    },
    /// The health score was measured.
    Scored {
        /// For what.
        of: ScoreWish,
        /// What it came to.
        score: Box<ScoreSummary>,
    },
    /// The router knows the services by their new names.
    Renamed,
    /// It was asked for as long as it may take, and does not.
    RenameFailed {
        /// Its last answer.
        saw: String,
    },
    /// Nothing stands in the way of the promotion: this row is the commit point.
    PromotionConfirmed,
    /// It was stuck, and everything of its environment was ended: there is nothing left to decide.
    TakenDown {
        /// Who.
        by: String,
    },
}

/// Something to do for a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// For one of its rollouts.
    Rollout {
        /// Whose.
        service: ServiceName,
        /// What.
        action: rollout::Action,
        /// With a route: every tripwire that this swap arms anew, or, with none, disarms. By the
        /// service whose candidate it watches. A raise arms; a way back, and the routes after
        /// promotion, disarm the service's own.
        wires: BTreeMap<ServiceName, Option<Wire>>,
    },
    /// Give services other names in the router, in one swap; from the new name to the old one.
    /// Answered by `Renamed` or, within a bound, `RenameFailed`; no rollout begins before.
    Rename(BTreeMap<ServiceName, ServiceName>),
    /// Look whether these services are back; answered by `Proved`, whatever was seen: it ends then.
    Prove(BTreeMap<ServiceName, Prove>),
    /// Make sure that nothing can go back by itself any more: disarm all of [`Deployment::wired`] in
    /// one swap that names their generations. Answered by `PromotionConfirmed`, or by `Tripped` if a
    /// tripwire was faster.
    ConfirmPromotion,
    /// The promotion is off, or may have been when the controller died: arm again what was disarmed
    /// for it. No answer; what is armed already, or has no share any more, stays as it is.
    Arm(BTreeMap<ServiceName, Option<Wire>>),
}

/// What a router may take back by itself while the candidate of a service is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// The attempt of the raise that it is armed with, of that service.
    pub attempt: u32,
    /// The candidate.
    pub slot: SlotId,
    /// The lowest share of errors that a trigger of the service does not let pass.
    pub errors_above: Option<Rate>,
    /// The strictest of the triggers about the time of its answers.
    pub slower: Option<Slower>,
    /// The routes to go back to: its own, and of every moved listening service that needs it.
    pub way_back: BTreeMap<ServiceName, Route>,
}

/// What is looked at to prove that a service is back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prove {
    /// What it is back at.
    pub at: Slot,
    /// What it left.
    pub left: Slot,
}

/// The next state, what to do, and what became true.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Stepped {
    /// The next state.
    pub deployment: Deployment,
    /// What to do, in order.
    pub actions: Vec<Action>,
    /// What became true, in order.
    pub facts: Vec<Fact>,
}

impl Stepped {
    /// What may be done before this step is recorded: routes of a way back, which an earlier row
    /// recorded as the undo, and the next try of one that failed.
    pub fn way_back(&self) -> impl Iterator<Item = &Action> {
        self.actions.iter().filter(|action| match action {
            Action::Rollout {
                service, action, ..
            } => match action {
                rollout::Action::ApplyRoute { returning, .. } => *returning,
                rollout::Action::StartTimer { timer, .. } => {
                    let rollout = self.deployment.rollouts.get(service);
                    rollout.is_some_and(|rollout| rollout.awaits_retry_of_way_back(*timer))
                }
                rollout::Action::StartInstance(_)
                | rollout::Action::AwaitDrain { .. }
                | rollout::Action::StopInstance { .. }
                | rollout::Action::KeepInstance { .. } => false,
            },
            Action::ConfirmPromotion | Action::Arm(_) | Action::Rename(_) | Action::Prove(_) => {
                false
            }
        })
    }
}

impl Deployment {
    /// Where it stands, as people see it.
    pub fn state(&self) -> DeploymentState {
        let mut rollouts = self.rollouts.values();
        let stuck = matches!(self.names, Names::Stuck(_))
            || rollouts.any(|rollout| matches!(rollout.phase, Phase::Stuck(_)));
        match self.course {
            Course::Ended(outcome) => DeploymentState::Ended(outcome),
            Course::Forward | Course::Promoting | Course::Promoted | Course::Returning if stuck => {
                DeploymentState::Stuck
            }
            Course::Returning => DeploymentState::Returning,
            Course::Promoted => DeploymentState::Settling,
            Course::Forward | Course::Promoting if self.held || !self.shut_gates().is_empty() => {
                DeploymentState::Held
            }
            Course::Forward | Course::Promoting => DeploymentState::Running,
        }
    }

    /// Whether it is over.
    pub fn is_ended(&self) -> bool {
        matches!(self.course, Course::Ended(_))
    }
}
