//! What happens to a rollout.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use windlass_model::{
    InstanceEnd, InstanceId, Judgement, Millis, ReturnReason, Rule, ScoreSummary, SlotId, TimerId,
};

/// A fact about one rollout. An answer names the attempt, instance or slot it answers, so that a
/// late one passes no later gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// What it needs has passed: it may begin.
    NeedsPassed,
    /// An instance was started.
    InstanceStarted {
        /// Which.
        instance: InstanceId,
    },
    /// An instance's address was taken by somebody else; it gets another one.
    AddressTaken {
        /// Which.
        instance: InstanceId,
        /// The next one to try.
        next: SocketAddr,
    },
    /// An instance could not be started.
    StartFailed {
        /// Which.
        instance: InstanceId,
        /// Why, for a person.
        why: String,
    },
    /// An instance answered its probe otherwise than before, and not well.
    ProbeFailed {
        /// Which.
        instance: InstanceId,
        /// What was seen.
        saw: String,
    },
    /// An instance is ready.
    InstanceReady {
        /// Which.
        instance: InstanceId,
    },
    /// An instance that was started ended, or lost its readiness.
    InstanceLost {
        /// Which.
        instance: InstanceId,
        /// How.
        end: InstanceEnd,
        /// The last lines that it printed, where it ended.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        last_lines: Vec<String>,
    },
    /// A trigger fired on the candidate's answers.
    Triggered {
        /// The slot that was judged.
        slot: SlotId,
        /// Which.
        trigger: Rule,
        /// What was seen.
        saw: String,
    },
    /// What the candidate's answers say so far.
    Judged {
        /// The slot that was judged.
        slot: SlotId,
        /// What.
        judgement: Box<Judgement>,
    },
    /// The health score was measured while a step lasted.
    Scored {
        /// Which step: an index into [`Rollout::steps`](super::Rollout::steps).
        step: usize,
        /// What it came to.
        score: Box<ScoreSummary>,
    },
    /// The run of a command went on while no controller was there.
    RanUnseen {
        /// Which.
        instance: InstanceId,
        /// For how long, of the wait that was under way.
        ran: Millis,
    },
    /// Answers can't be seen any more.
    SightLost,
    /// They are seen again.
    SightBack,
    /// Every router sees the route.
    RouteApplied {
        /// The attempt that this answers.
        attempt: u32,
    },
    /// The route is certainly not in effect.
    RouteFailed {
        /// The attempt that this answers.
        attempt: u32,
        /// Why, for a person.
        why: String,
    },
    /// No request is left on a slot, or its time ran out.
    SlotDrained {
        /// Which slot.
        slot: SlotId,
        /// Requests that were cut: still open at the end of the time.
        cut: u64,
    },
    /// An instance and all its descendants are gone.
    InstanceStopped {
        /// Which.
        instance: InstanceId,
        /// The time that it had to end, if it did not and was killed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        killed_after: Option<Millis>,
        /// The last lines that it printed, of a run that took too long.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        last_lines: Vec<String>,
    },
    /// An instance could not be stopped.
    StopFailed {
        /// Which.
        instance: InstanceId,
        /// Why, for a person.
        why: String,
    },
    /// A timer ran out.
    TimerFired {
        /// Which.
        timer: TimerId,
    },
    /// A person asked to wait.
    Held,
    /// The wait is over.
    Resumed,
    /// Remaining bakes and steps are skipped.
    Expedited,
    /// It must go back, when its turn comes.
    ReturnRequested {
        /// Why.
        why: ReturnReason,
    },
    /// What needs it is back: its turn.
    ReturnTurn,
    /// It is stuck, and a person asks for one more try.
    Retried,
    /// It is stuck, and a person has done what was left by hand.
    DoneByHand {
        /// Who says so.
        by: String,
    },
    /// The deployment was promoted.
    Promoted,
}

impl Event {
    /// Whether only the deployment may say so, so that from outside it means nothing.
    pub(crate) fn is_word_of_deployment(&self) -> bool {
        match self {
            Self::NeedsPassed
            | Self::Scored { .. }
            | Self::Held
            | Self::Resumed
            | Self::Expedited
            | Self::ReturnRequested { .. }
            | Self::ReturnTurn
            | Self::Retried
            | Self::DoneByHand { .. }
            | Self::Promoted => true,
            Self::InstanceStarted { .. }
            | Self::AddressTaken { .. }
            | Self::StartFailed { .. }
            | Self::ProbeFailed { .. }
            | Self::InstanceReady { .. }
            | Self::InstanceLost { .. }
            | Self::Triggered { .. }
            | Self::Judged { .. }
            | Self::RanUnseen { .. }
            | Self::SightLost
            | Self::SightBack
            | Self::RouteApplied { .. }
            | Self::RouteFailed { .. }
            | Self::SlotDrained { .. }
            | Self::InstanceStopped { .. }
            | Self::StopFailed { .. }
            | Self::TimerFired { .. } => false,
        }
    }
}
