//! Where a deployment stands, what happens to it, and what it asks for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_model::{DeploymentId, DeploymentState, Fact, Outcome, Plan, ServiceName};

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
    },
    /// Make sure that nothing can go back by itself any more; answered by `PromotionConfirmed`.
    ConfirmPromotion,
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

impl Deployment {
    /// Where it stands, as people see it.
    pub fn state(&self) -> DeploymentState {
        let stuck = self
            .rollouts
            .values()
            .any(|r| matches!(r.phase, Phase::Stuck(_)));
        match self.course {
            Course::Ended(outcome) => DeploymentState::Ended(outcome),
            Course::Forward | Course::Promoting | Course::Promoted | Course::Returning if stuck => {
                DeploymentState::Stuck
            }
            Course::Returning => DeploymentState::Returning,
            Course::Promoted => DeploymentState::Settling,
            Course::Forward | Course::Promoting if self.held => DeploymentState::Held,
            Course::Forward | Course::Promoting => DeploymentState::Running,
        }
    }

    /// Whether it is over.
    pub fn is_ended(&self) -> bool {
        matches!(self.course, Course::Ended(_))
    }
}
