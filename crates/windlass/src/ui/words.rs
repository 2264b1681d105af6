//! States, phases and reasons in words; the same everywhere.

use std::fmt::Display;

use jiff::tz::TimeZone;
use windlass_api::{DeploymentView, Word};
use windlass_model::{
    DeploymentState, Finalize, Halt, InstanceEnd, Outcome, Percent, PlanKind, Proof, Repair,
    ReturnReason, RolloutPhase, STATUS_SAYS, STATUS_SAYS_MOVING, STATUS_SILENT, StuckReason,
    Verdict, Version, nearest, ran_as,
};

use super::Role;
use super::time::of_calendar;

pub(crate) use windlass_api::command_in;
pub(crate) use windlass_model::harmless;

/// `auth, api, web`.
pub(crate) fn listed<T: Display>(items: &[T]) -> String {
    let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

/// `did you mean web?`, where one of the names is near to what was typed.
pub(crate) fn did_you_mean<'n>(
    typed: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<String> {
    meant(typed, names).map(|meant| format!("did you mean {meant}?"))
}

/// The only name that begins with what was typed, else the nearest one.
pub(crate) fn meant<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let names: Vec<&str> = names.into_iter().collect();
    let mut begun = names.iter().filter(|name| name.starts_with(typed));
    match (begun.next(), begun.next()) {
        (Some(only), None) if !typed.is_empty() => Some(*only),
        _ => nearest(typed, names),
    }
}

/// `1 service`, `3 services`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// What a run does and how far it is, by its own word.
pub(crate) fn doing(phase: Option<&str>, progress: Option<Percent>) -> Option<String> {
    let words = [
        phase.map(harmless),
        progress.map(|percent| percent.to_string()),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(" "))
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
        Outcome::Abandoned => "abandoned",
    }
}

/// An outcome for people.
pub(crate) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Promoted => "promoted",
        Outcome::PartlyPromoted => "partly promoted",
        Outcome::RolledBack => "rolled back",
        Outcome::Failed => "failed",
        Outcome::Abandoned => "abandoned",
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

/// The same for a deployment of this kind: what a promotion means differs.
pub(crate) fn state_of(kind: PlanKind, now: DeploymentState) -> &'static str {
    match (kind, now) {
        (PlanKind::Rollback, DeploymentState::Running) => "rolling back",
        (PlanKind::Rollback, DeploymentState::Ended(Outcome::Promoted)) => "rolled back by hand",
        // It was stopped before it had moved anything: what it was to leave still serves.
        (PlanKind::Rollback | PlanKind::Remove, DeploymentState::Ended(Outcome::RolledBack)) => {
            "called off"
        }
        (PlanKind::Remove, DeploymentState::Ended(Outcome::Promoted)) => "removed",
        (PlanKind::Deploy | PlanKind::Rollback | PlanKind::Remove, _) => state(now),
    }
}

/// The same of one deployment, in a few words: also whether a person took it past something.
pub(crate) fn standing(view: &DeploymentView) -> &'static str {
    match (view.kind, view.state) {
        (PlanKind::Deploy, DeploymentState::Ended(Outcome::Promoted)) if view.by_hand => {
            "promoted by hand"
        }
        (PlanKind::Deploy, DeploymentState::Ended(Outcome::PartlyPromoted)) if view.by_hand => {
            "partly promoted by hand"
        }
        (kind, state) => state_of(kind, state),
    }
}

/// The same with the version that a person went back to, and with who stopped it or holds it.
pub(crate) fn result(view: &DeploymentView) -> String {
    [outcome_of(view), whose(view)].concat()
}

/// How it stands, with the version that a person went back to.
pub(crate) fn outcome_of(view: &DeploymentView) -> String {
    let word = standing(view);
    if (view.kind, view.state)
        != (
            PlanKind::Rollback,
            DeploymentState::Ended(Outcome::Promoted),
        )
    {
        return word.to_owned();
    }
    let mut versions = view.rollouts.values().map(|part| &part.to);
    match versions.next() {
        Some(first) if versions.all(|other| other == first) => {
            format!("rolled back to {first} by hand")
        }
        Some(_) | None => word.to_owned(),
    }
}

/// Whose word that was, as the end of a sentence; nothing where it was nobody's.
pub(crate) fn whose(view: &DeploymentView) -> String {
    let stopped = declared(view).or_else(|| stopped(view));
    let stopped = stopped.map(|stopped| format!(": {stopped}"));
    let held = view.held.as_ref();
    let held = held.map(|held| format!(" by {}", harmless(&held.by)));
    // A score is nobody.
    let shut = view.state == DeploymentState::Held && view.shut().next().is_some();
    let shut = shut.then(|| " by its score".to_owned());
    stopped.or(held).or(shut).unwrap_or_default()
}

/// What somebody did to a deployment with a word, as it follows their name.
pub(crate) fn word(word: Word) -> &'static str {
    match word {
        Word::Began => "began it",
        Word::Held => "held it",
        Word::Resumed => "resumed it",
        Word::Promoted => "promoted it by hand",
        Word::Aborted => "aborted it",
        Word::Superseded => "put a newer one in its place",
        Word::Retried => "had what failed tried again",
        Word::DeclaredDone => "declared it done by hand",
        Word::Abandoned => "let go of it as it was",
    }
}

/// Who aborted it; where that was Windlass itself, why it was taken back.
pub(crate) fn aborted(by: &str) -> String {
    own_reason(by).unwrap_or_else(|| format!("{} {}", harmless(by), word(Word::Aborted)))
}

/// Why Windlass itself took a deployment back, where no person did: a clause stands in a person's place then.
fn own_reason(by: &str) -> Option<String> {
    by.strip_prefix("windlass: ").map(harmless)
}

/// "mira held it"; what Windlass itself did has its reason for a name.
pub(crate) fn done_by(by: &str, what: Word) -> String {
    match own_reason(by) {
        Some(why) if what == Word::Aborted => format!("Windlass took it back: {why}"),
        Some(_) | None => format!("{} {}", harmless(by), word(what)),
    }
}

/// Who has declared done what could go neither on nor back: nobody saw that it is.
fn declared(view: &DeploymentView) -> Option<String> {
    let last = view
        .said
        .last()
        .filter(|said| said.word == Word::DeclaredDone)?;
    let is_over = matches!(view.state, DeploymentState::Ended(_));
    is_over.then(|| format!("{} {}", harmless(&last.by), word(last.word)))
}

/// The state in a list: whether somebody stopped it, or it went back by itself.
pub(crate) fn in_list(view: &DeploymentView) -> &'static str {
    if declared(view).is_some() {
        return "declared done";
    }
    let is_back = view.state == DeploymentState::Ended(Outcome::RolledBack);
    let mut parts = view.rollouts.values();
    let why = parts.find_map(|part| match part.returned_because.as_ref()? {
        ReturnReason::Aborted { by } => own_reason(by).is_none().then_some("aborted"),
        ReturnReason::Superseded { .. } => Some("superseded"),
        _ => None,
    });
    let why = why.filter(|_| is_back && view.kind == PlanKind::Deploy);
    why.unwrap_or_else(|| standing(view))
}

/// Who stopped it, if somebody did.
fn stopped(view: &DeploymentView) -> Option<String> {
    view.rollouts
        .values()
        .find_map(|part| match part.returned_because.as_ref()? {
            ReturnReason::Aborted { by } => Some(aborted(by)),
            why @ ReturnReason::Superseded { .. } => Some(reason(why)),
            ReturnReason::InstanceLost { .. }
            | ReturnReason::ShiftFailed(_)
            | ReturnReason::StopFailed(_)
            | ReturnReason::NeedFailed(_)
            | ReturnReason::OtherFailed(_)
            | ReturnReason::Triggered { .. }
            | ReturnReason::NoEvidence { .. }
            | ReturnReason::LowScore { .. }
            | ReturnReason::Tripped { .. } => None,
        })
}

/// What a state means for whoever looks.
pub(crate) fn state_role(state: DeploymentState) -> Role {
    match state {
        DeploymentState::Running => Role::Running,
        DeploymentState::Settling | DeploymentState::Ended(Outcome::Promoted) => Role::Good,
        DeploymentState::Held
        | DeploymentState::Returning
        | DeploymentState::Ended(Outcome::PartlyPromoted | Outcome::RolledBack) => Role::Warn,
        DeploymentState::Ended(Outcome::Failed | Outcome::Abandoned) | DeploymentState::Stuck => {
            Role::Bad
        }
    }
}

/// How an instance was lost, as the end of *instance … *.
pub(crate) fn instance_end(end: &InstanceEnd) -> String {
    match end {
        InstanceEnd::NotStarted(why) => format!("could not be started: {}", harmless(why)),
        // It had ended well, and was asked: no time had run out.
        InstanceEnd::NeverReady(saw) if is_clear(saw) => {
            format!("did what it was told, but {}", harmless(saw))
        }
        InstanceEnd::NeverReady(saw) if saw.starts_with(STATUS_SILENT) => {
            format!("was not ready in time: its {}", harmless(saw))
        }
        InstanceEnd::NeverReady(saw) => match ran_as(saw) {
            Some(process) => format!("had not ended in time: it ran{}", harmless(process)),
            None => format!("was not ready in time; last answer: {}", harmless(saw)),
        },
        InstanceEnd::Unready(saw) => {
            format!("is no longer ready; last answer: {}", harmless(saw))
        }
        InstanceEnd::Exited(status) => format!("exited with status {status}"),
        InstanceEnd::Killed(signal) => format!("was killed by signal {signal}"),
        InstanceEnd::Unknown => "is gone; nobody saw how".to_owned(),
    }
}

/// Whether the `status` of a command has said that something else is live, or nothing.
fn is_clear(saw: &str) -> bool {
    saw.starts_with(STATUS_SAYS) && saw != STATUS_SAYS_MOVING
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
        ReturnReason::Aborted { by } => {
            own_reason(by).unwrap_or_else(|| format!("{} aborted", harmless(by)))
        }
        ReturnReason::Superseded { by } => {
            format!("a newer deployment of {} takes its place", harmless(by))
        }
        ReturnReason::Triggered { trigger, saw } => format!("{trigger}: {}", harmless(saw)),
        ReturnReason::NoEvidence { verdict, saw } => no_evidence(*verdict, saw),
        ReturnReason::LowScore { gate, score } => super::scored::too_low(gate, score),
        ReturnReason::Tripped { service, saw } => {
            format!("the tripwire of {service} fired: {}", harmless(saw))
        }
    }
}

/// Why a step has not got the evidence that it needs.
fn no_evidence(verdict: Verdict, saw: &str) -> String {
    let saw = harmless(saw);
    match verdict {
        Verdict::Fail => format!("shown to be worse: errors {saw}"),
        Verdict::NoData => format!("no evidence: {saw}"),
        Verdict::Inconclusive | Verdict::Error | Verdict::Pass => {
            format!("no evidence: errors {saw}")
        }
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
        StuckReason::OutcomeUnknown(version) => {
            format!("nobody knows how the deploy of {} ended", harmless(version))
        }
        StuckReason::CommandFailed(InstanceEnd::NeverReady(saw)) if !is_clear(saw) => {
            format!(
                "the command of the way back did not bring its version: {}",
                harmless(saw)
            )
        }
        StuckReason::CommandFailed(end) => {
            format!("the command of the way back {}", instance_end(end))
        }
        StuckReason::RollbackFailed(why) => format!("the rollback failed: {}", reason(why)),
    }
}

/// Why a deployment with new names is stuck before anything of it has begun.
pub(crate) fn not_renamed(saw: &str) -> String {
    let saw = harmless(saw);
    format!("the router did not take the new names in time: {saw}")
}

/// Since when and by whom everything is halted.
pub(crate) fn whose_halt(halt: &Halt, zone: &TimeZone) -> String {
    let by = signed(&halt.by, halt.why.as_deref());
    if halt.since_us == 0 {
        return format!("by {by}");
    }
    format!("since {} by {by}", of_calendar(halt.since_us, zone))
}

/// For what a raise waits that a halt keeps back.
pub(crate) const FOR_A_HALT: &str = "for a halt to end";

/// What is left of a time that does not run while somebody holds the deployment.
pub(crate) fn held_at(left: &str) -> String {
    format!("held at {left} left")
}

/// Who, and in their own words why.
pub(crate) fn signed(by: &str, why: Option<&str>) -> String {
    match why {
        Some(why) => format!("{} ({})", harmless(by), harmless(why)),
        None => harmless(by),
    }
}

/// When a standby goes, as the end of *is kept warm …*.
pub(crate) fn until(finalize: Finalize) -> String {
    match finalize {
        Finalize::NextDeployment => "until the next deployment".to_owned(),
        Finalize::After(time) => format!("for {time}"),
        Finalize::Manual => "until: windlass finalize".to_owned(),
    }
}

/// How a person mends, as it is typed.
pub(crate) fn repair(how: Repair) -> &'static str {
    match how {
        Repair::Retry => "retry",
        Repair::Done => "done",
        Repair::Abandon => "abandon",
    }
}

/// What shows that a service is back.
pub(crate) fn proof(proof: &Proof) -> String {
    let Proof {
        version,
        share,
        ready,
        instances,
        left,
        stray,
        watched,
    } = proof;
    let mut seen = Vec::new();
    if let Some(share) = share {
        seen.push(format!("{share} on {version}"));
    }
    let answer = if *ready == 1 { "answers" } else { "answer" };
    let copies = if *instances == 1 {
        "instance"
    } else {
        "instances"
    };
    seen.push(format!(
        "{ready} of {instances} {copies} {answer} {version}"
    ));
    match (share, stray) {
        (None, _) => {}
        (Some(_), Some(stray)) => {
            let requests = counted(usize::try_from(*stray).unwrap_or(usize::MAX), "request");
            seen.push(format!("{requests} to {left} for {watched}"));
        }
        (Some(_), None) => seen.push(format!("requests to {left} could not be counted")),
    }
    seen.join(", ")
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
    use windlass_model::{Millis, still_runs};

    use super::*;
    use crate::ui::sample;

    #[test]
    fn a_proof_says_what_was_seen_and_no_more() {
        let version = |text: &str| Version(text.to_owned());
        let mut seen = Proof {
            version: version("3"),
            share: Some(Percent::FULL),
            ready: 2,
            instances: 2,
            left: version("4"),
            stray: Some(0),
            watched: Millis::from_secs(5),
        };
        assert_eq!(
            proof(&seen),
            "100 % on 3, 2 of 2 instances answer 3, 0 requests to 4 for 5s"
        );
        seen.stray = None;
        assert_eq!(
            proof(&seen),
            "100 % on 3, 2 of 2 instances answer 3, requests to 4 could not be counted"
        );
        seen.share = None;
        (seen.ready, seen.instances) = (1, 1);
        assert_eq!(proof(&seen), "1 of 1 instance answers 3");
    }

    #[test]
    fn a_clear_status_was_not_late() {
        let said = |saw: &str| instance_end(&InstanceEnd::NeverReady(saw.to_owned()));
        assert_eq!(
            said("`status` says that nothing is live (absent)"),
            "did what it was told, but `status` says that nothing is live (absent)"
        );
        assert_eq!(
            said(STATUS_SAYS_MOVING),
            "was not ready in time; last answer: `status` says that it is moving"
        );
        assert_eq!(
            said(&still_runs(Some(4711))),
            "had not ended in time: it ran as process 4711"
        );
    }

    #[test]
    fn what_a_person_took_back_reads_otherwise_than_what_went_back_by_itself() {
        let mut view = sample::ended(Outcome::RolledBack);
        assert_eq!(result(&view), "rolled back");
        (view.kind, view.state) = (
            PlanKind::Rollback,
            DeploymentState::Ended(Outcome::Promoted),
        );
        assert_eq!(result(&view), "rolled back to 1.4.2 by hand");
        let first = view.rollouts.values_mut().next();
        first.expect("a service").to = Version("1.4.0".to_owned());
        assert_eq!(result(&view), "rolled back by hand");
        view.state = DeploymentState::Ended(Outcome::RolledBack);
        assert_eq!(result(&view), "called off");
    }

    #[test]
    fn a_name_is_meant_by_its_beginning_or_by_what_is_near_it() {
        let names = ["status", "show", "shim", "wrap-a-script"];
        let said = |typed| did_you_mean(typed, names);
        assert_eq!(said("wrap").as_deref(), Some("did you mean wrap-a-script?"));
        assert_eq!(said("statsu").as_deref(), Some("did you mean status?"));
        assert_eq!(said("sh"), None, "two begin so");
        assert_eq!(said("elsewhere"), None);
    }

    #[test]
    fn counts_agree_with_their_noun() {
        assert_eq!(counted(1, "service"), "1 service");
        assert_eq!(counted(0, "service"), "0 services");
    }
}
