//! States, phases and reasons in words; the same everywhere.

use std::fmt::Display;

use windlass_model::{
    DeploymentState, InstanceEnd, Outcome, ReturnReason, RolloutPhase, StuckReason, Version,
};

use super::Role;

/// `auth, api, web`.
pub(crate) fn listed<T: Display>(items: &[T]) -> String {
    let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

/// `1 service`, `3 services`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// Text of an application without what a terminal would obey.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// A phase.
pub(crate) fn phase(phase: RolloutPhase) -> &'static str {
    match phase {
        RolloutPhase::Waiting => "waiting",
        RolloutPhase::Clearing => "clearing",
        RolloutPhase::StoppingOld => "stopping old",
        RolloutPhase::Starting => "starting",
        RolloutPhase::Holding => "holding",
        RolloutPhase::Shifting => "shifting",
        RolloutPhase::Baking => "baking",
        RolloutPhase::Passed => "passed",
        RolloutPhase::Settling => "settling",
        RolloutPhase::Returning => "returning",
        RolloutPhase::Done => "done",
        RolloutPhase::Returned => "returned",
        RolloutPhase::Stuck => "stuck",
    }
}

/// What a phase means for whoever looks.
pub(crate) fn phase_role(phase: RolloutPhase) -> Role {
    match phase {
        RolloutPhase::Passed | RolloutPhase::Done | RolloutPhase::Settling => Role::Good,
        RolloutPhase::Holding | RolloutPhase::Returning | RolloutPhase::Returned => Role::Warn,
        RolloutPhase::Stuck => Role::Bad,
        RolloutPhase::Waiting => Role::Faint,
        RolloutPhase::Clearing
        | RolloutPhase::StoppingOld
        | RolloutPhase::Starting
        | RolloutPhase::Shifting
        | RolloutPhase::Baking => Role::Running,
    }
}

/// An outcome as one word for machines.
pub(crate) fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Promoted => "promoted",
        Outcome::PartlyPromoted => "partly_promoted",
        Outcome::RolledBack => "rolled_back",
        Outcome::Failed => "failed",
    }
}

/// An outcome for people.
pub(crate) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Promoted => "promoted",
        Outcome::PartlyPromoted => "partly promoted",
        Outcome::RolledBack => "rolled back",
        Outcome::Failed => "failed",
    }
}

/// A state as one word for machines.
pub(crate) fn state_word(state: DeploymentState) -> &'static str {
    match state {
        DeploymentState::Running => "running",
        DeploymentState::Held => "held",
        DeploymentState::Returning => "returning",
        DeploymentState::Settling => "settling",
        DeploymentState::Ended(_) => "ended",
        DeploymentState::Stuck => "stuck",
    }
}

/// A state for people: an ended deployment is shown by its outcome.
pub(crate) fn state(state: DeploymentState) -> &'static str {
    match state {
        DeploymentState::Ended(how) => outcome(how),
        DeploymentState::Running
        | DeploymentState::Held
        | DeploymentState::Returning
        | DeploymentState::Settling
        | DeploymentState::Stuck => state_word(state),
    }
}

/// What a state means for whoever looks.
pub(crate) fn state_role(state: DeploymentState) -> Role {
    match state {
        DeploymentState::Running => Role::Running,
        DeploymentState::Settling | DeploymentState::Ended(Outcome::Promoted) => Role::Good,
        DeploymentState::Held
        | DeploymentState::Returning
        | DeploymentState::Ended(Outcome::PartlyPromoted | Outcome::RolledBack) => Role::Warn,
        DeploymentState::Ended(Outcome::Failed) | DeploymentState::Stuck => Role::Bad,
    }
}

/// How an instance was lost, as the end of *instance … *.
pub(crate) fn instance_end(end: &InstanceEnd) -> String {
    match end {
        InstanceEnd::NotStarted(why) => format!("could not be started: {}", harmless(why)),
        InstanceEnd::NeverReady(saw) => {
            format!("was not ready in time; last answer: {}", harmless(saw))
        }
        InstanceEnd::Unready(saw) => {
            format!("is no longer ready; last answer: {}", harmless(saw))
        }
        InstanceEnd::Exited(status) => format!("exited with status {status}"),
        InstanceEnd::Killed(signal) => format!("was killed by signal {signal}"),
        InstanceEnd::Unknown => "is gone; nobody saw how".to_owned(),
    }
}

/// Why a service goes back.
pub(crate) fn reason(why: &ReturnReason) -> String {
    match why {
        ReturnReason::InstanceLost { instance, end } => {
            format!("instance {instance} {}", instance_end(end))
        }
        ReturnReason::ShiftFailed(saw) => {
            format!("the traffic could not be shifted: {}", harmless(saw))
        }
        ReturnReason::StopFailed(saw) => {
            format!("the old slot could not be stopped: {}", harmless(saw))
        }
        ReturnReason::NeedFailed(service) => format!("{service}, which it needs, failed"),
        ReturnReason::OtherFailed(service) => format!("{service} failed"),
        ReturnReason::Aborted { by } => format!("{} aborted", harmless(by)),
    }
}

/// Why a service is stuck.
pub(crate) fn stuck(why: &StuckReason) -> String {
    match why {
        StuckReason::ReturnTimedOut(saw) => {
            format!("the way back was not confirmed in time: {}", harmless(saw))
        }
        StuckReason::SettleFailed(saw) => {
            format!(
                "promoted, but what leaves could not be removed: {}",
                harmless(saw)
            )
        }
        StuckReason::NoCapacity => {
            "no instance of the old release is ready to take the traffic back".to_owned()
        }
    }
}

/// `1.4.1 → 1.4.2`, or `→ 1.4.2` for a first release.
pub(crate) fn change(from: Option<&Version>, to: &Version) -> String {
    match from {
        Some(from) if from == to => to.to_string(),
        Some(from) => format!("{from} → {to}"),
        None => format!("→ {to}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_replaced() {
        assert_eq!(harmless("a\u{1b}[2Jb\tc\r"), "a\u{fffd}[2Jb\tc\u{fffd}");
    }

    #[test]
    fn counts_agree_with_their_noun() {
        assert_eq!(counted(1, "service"), "1 service");
        assert_eq!(counted(0, "service"), "0 services");
    }
}
