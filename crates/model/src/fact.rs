//! What a deployment tells: the events that people, scripts and pages see.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::{
    Below, CommandRun, Follow, InstanceId, Judgement, Millis, OtherProgram, Outcome, Past, Percent,
    PlanId, ProbeKind, Proof, Report, RolloutPhase, Rule, ScoreGate, ScoreStage, ScoreSummary,
    ServiceName, SlotId, Verdict, Version,
};

/// Lines that are kept of what an instance printed before it ended.
pub const LAST_LINES: usize = 12;

/// Most bytes of all of them together: they stand in the journal.
pub const LAST_BYTES: usize = 2_048;

/// Longest of these, in characters.
pub const LAST_LINE_LONGEST: usize = 200;

/// One fact of a deployment, in the past tense. Stored with the journal row that made it true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// It began.
    DeploymentStarted {
        /// What it carries out.
        plan: PlanId,
        /// The services that change.
        services: Vec<ServiceName>,
        /// The programs outside of the folder that are others than before; none where nobody has looked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        programs: Option<BTreeMap<ServiceName, OtherProgram>>,
    },
    /// Why a person said what this row is about, in their own words.
    Because {
        /// Who.
        by: String,
        /// What they wrote.
        why: String,
    },
    /// A rollout entered a phase.
    PhaseEntered {
        /// Whose.
        service: ServiceName,
        /// Which.
        phase: RolloutPhase,
    },
    /// An instance was started.
    InstanceStarted {
        /// Of which service.
        service: ServiceName,
        /// Which.
        instance: InstanceId,
        /// Where it listens.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        address: SocketAddr,
    },
    /// A command was started.
    CommandStarted {
        /// Of which service.
        service: ServiceName,
        /// The instance that stands for this run.
        instance: InstanceId,
        /// What it was told.
        run: CommandRun,
    },
    /// A command said something about its run.
    Reported {
        /// Of which service.
        service: ServiceName,
        /// What.
        report: Report,
    },
    /// Whether what the run of a command says is heard, since that has changed. The run goes on.
    Heard {
        /// Of which service.
        service: ServiceName,
        /// Why it is lost; none once it is heard again.
        lost: Option<String>,
    },
    /// An instance became ready.
    InstanceReady {
        /// Of which service.
        service: ServiceName,
        /// Which.
        instance: InstanceId,
    },
    /// An instance that was started is not ready yet, and answers otherwise than before.
    NotReady {
        /// Of which service.
        service: ServiceName,
        /// Which.
        instance: InstanceId,
        /// What it is asked.
        probe: ProbeKind,
        /// What was seen instead of a good answer: its status and the beginning of its body, or why
        /// there was none.
        saw: String,
        /// Work time that it has, from its start on.
        within: Millis,
    },
    /// An instance did not start, was never ready, lost readiness or ended.
    InstanceLost {
        /// Of which service.
        service: ServiceName,
        /// Which.
        instance: InstanceId,
        /// How.
        end: InstanceEnd,
        /// The last lines that it printed, where it ended; at most [`LAST_LINES`].
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        last_lines: Vec<String>,
    },
    /// Every router confirmed the candidate's share.
    TrafficShifted {
        /// Of which service.
        service: ServiceName,
        /// The slot whose share it is.
        slot: SlotId,
        /// The version in that slot.
        version: Version,
        /// Its share.
        to: Percent,
    },
    /// A watch began.
    BakeStarted {
        /// Of which service.
        service: ServiceName,
        /// How long.
        within: Millis,
    },
    /// A service is at 100 % and baked.
    RolloutPassed {
        /// Which.
        service: ServiceName,
    },
    /// A service must go back.
    RolloutFailed {
        /// Which.
        service: ServiceName,
        /// Why.
        why: ReturnReason,
    },
    /// A service is back where it was.
    RolloutReturned {
        /// Which.
        service: ServiceName,
    },
    /// A person asked it to wait.
    Held {
        /// Who.
        by: String,
    },
    /// A person ended the wait.
    Resumed {
        /// Who.
        by: String,
    },
    /// A person skipped the remaining bakes and steps.
    Expedited {
        /// Who.
        by: String,
    },
    /// With that, or by ending a wait, a person let a service go past what was asked for.
    WentPast {
        /// Which.
        service: ServiceName,
        /// What was left out, and who said so.
        past: Past,
    },
    /// A person stopped it.
    AbortRequested {
        /// Who.
        by: String,
    },
    /// Every candidate became stable.
    Promoted {
        /// The services promoted.
        services: Vec<ServiceName>,
    },
    /// No request is left on a slot.
    SlotDrained {
        /// Of which service.
        service: ServiceName,
        /// Which slot.
        slot: SlotId,
        /// Requests that were cut: still open when the time ran out.
        cut: u64,
    },
    /// An instance did not end when it was asked to, and was killed.
    InstanceKilled {
        /// Of which service.
        service: ServiceName,
        /// Which.
        instance: InstanceId,
        /// The time that it had.
        after: Millis,
    },
    /// A slot's instances were stopped.
    SlotRetired {
        /// Of which service.
        service: ServiceName,
        /// Which slot.
        slot: SlotId,
    },
    /// A failed candidate runs on without traffic: somebody asked to keep it.
    FailedKept {
        /// Of which service.
        service: ServiceName,
        /// Which slot.
        slot: SlotId,
    },
    /// A service can go neither on nor back.
    Stuck {
        /// Which.
        service: ServiceName,
        /// Why.
        why: StuckReason,
    },
    /// A trigger fired: its evidence.
    TriggerFired {
        /// Of which service.
        service: ServiceName,
        /// Which.
        trigger: Rule,
        /// What was seen.
        saw: String,
    },
    /// What a candidate's answers say is something else than before.
    Judged {
        /// Of which service.
        service: ServiceName,
        /// What, and what it rests on.
        judgement: Box<Judgement>,
    },
    /// A step's time is over, and it waits for the evidence that it needs; told again when half of what
    /// was missing has come.
    EvidenceAwaited {
        /// Of which service.
        service: ServiceName,
        /// What its answers say so far.
        verdict: Verdict,
        /// About how many more requests to the candidate are needed, where that can be told.
        more_requests: Option<u64>,
        /// How long it waits at most.
        within: Millis,
    },
    /// A step has not got the evidence that it needs.
    EvidenceMissing {
        /// Of which service.
        service: ServiceName,
        /// What its answers say instead.
        verdict: Verdict,
        /// What follows.
        then: Follow,
        /// What was seen.
        saw: String,
    },
    /// The health score was measured, before the deployment or after it.
    Scored {
        /// For which of both.
        stage: ScoreStage,
        /// What it came to.
        score: Box<ScoreSummary>,
    },
    /// The score is too low to go on, or not known: it waits until it is high enough, or for a person; told
    /// again when the score has changed.
    GateShut {
        /// What was asked for.
        gate: ScoreGate,
        /// What was measured instead.
        score: Box<ScoreSummary>,
        /// What follows.
        then: Below,
    },
    /// A gate that asks for a score is passed.
    GatePassed {
        /// Which.
        gate: ScoreGate,
        /// What was measured last; none where nothing was.
        score: Option<Box<ScoreSummary>>,
        /// The person who let it go on all the same; none where the score is high enough.
        by: Option<String>,
    },
    /// What a candidate is judged by, its answers or a metric, can't be seen any more, so that no bake goes on;
    /// or it can be again.
    Sight {
        /// Of which service.
        service: ServiceName,
        /// Whether it is seen.
        sees: bool,
        /// Why what was read before can't be; none where the router tells nothing of its answers, and once it is
        /// seen again.
        #[serde(default)]
        why: Option<String>,
    },
    /// A router took traffic back by itself: its evidence.
    TripwireFired {
        /// Whose candidate was watched.
        service: ServiceName,
        /// The services whose traffic it took back.
        took_back: Vec<ServiceName>,
        /// What was seen.
        saw: String,
    },
    /// A router would have taken traffic back, but what it would have gone back to is not ready.
    TripwireWithheld {
        /// Whose candidate is watched.
        service: ServiceName,
        /// What was seen.
        saw: String,
    },
    /// A newer deployment takes its place.
    Superseded {
        /// Who.
        by: String,
    },
    /// A person mended what was stuck.
    Repaired {
        /// Who.
        by: String,
        /// How.
        how: Repair,
    },
    /// What was seen of a service after it went back.
    Proved {
        /// Which.
        service: ServiceName,
        /// What.
        proof: Proof,
    },
    /// A service was taken away.
    Removed {
        /// Which.
        service: ServiceName,
    },
    /// A service has another name.
    Renamed {
        /// Its name now.
        service: ServiceName,
        /// Its name before.
        from: ServiceName,
    },
    /// The router did not take the other name of a service in time.
    RenameFailed {
        /// The name that it was to have.
        service: ServiceName,
        /// The name that it has.
        from: ServiceName,
        /// The last answer.
        saw: String,
    },
    /// It ended.
    Ended {
        /// How.
        outcome: Outcome,
    },
}

/// How a person mends what is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// Tries what failed once more.
    Retry,
    /// The person has done by hand what was left: it counts as done.
    Done,
    /// Lets go of it as it is.
    Abandon,
}

/// How an instance was lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum InstanceEnd {
    /// It could not be started; holds why.
    NotStarted(String),
    /// It was not ready within its time; holds the last answer.
    NeverReady(String),
    /// It was ready and is not any more; holds the last answer.
    Unready(String),
    /// It ended with this status.
    Exited(i32),
    /// It was ended by this signal.
    Killed(i32),
    /// It is gone and nobody saw how.
    Unknown,
}

/// Why a rollout goes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReturnReason {
    /// One of its instances was lost.
    InstanceLost {
        /// Which.
        instance: InstanceId,
        /// How.
        end: InstanceEnd,
    },
    /// The routers did not confirm a share in time, or refused it.
    ShiftFailed(String),
    /// The old slot could not be stopped.
    StopFailed(String),
    /// A service it needs failed.
    NeedFailed(ServiceName),
    /// Another service failed and `on_failure` is `all`.
    OtherFailed(ServiceName),
    /// A person stopped the deployment.
    Aborted {
        /// Who.
        by: String,
    },
    /// A newer deployment takes its place.
    Superseded {
        /// Who.
        by: String,
    },
    /// A trigger fired.
    Triggered {
        /// Which.
        trigger: Rule,
        /// What was seen.
        saw: String,
    },
    /// It has not got the evidence that a step needs.
    NoEvidence {
        /// What its answers say instead.
        verdict: Verdict,
        /// What was seen.
        saw: String,
    },
    /// The health score was too low for a step.
    LowScore {
        /// What was asked for.
        gate: ScoreGate,
        /// What was measured.
        score: Box<ScoreSummary>,
    },
    /// A router took its traffic back by itself.
    Tripped {
        /// Whose candidate was watched.
        service: ServiceName,
        /// What was seen.
        saw: String,
    },
}

/// Why a rollout is stuck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StuckReason {
    /// The way back was not confirmed within its deadline; holds the last answer.
    ReturnTimedOut(String),
    /// No instance of the old slot is ready to take traffic back.
    NoCapacity,
    /// Promoted, but what leaves could not be removed; holds the last answer.
    SettleFailed(String),
    /// A rollback failed: there is nothing to go back to from there.
    RollbackFailed(ReturnReason),
    /// Nobody knows how the command that brings this version ended, and it must not run twice unasked.
    OutcomeUnknown(String),
    /// The command of the way back failed, or nobody knows how it ended; holds how.
    CommandFailed(InstanceEnd),
}
