//! The nouns of Windlass.
//!
//! Everything that two crates must agree on and that is neither a decision nor an effect: names and
//! ids, percentages and durations, the specification of an application, what an environment runs,
//! the plan, and the facts that a deployment tells. Plain data with `serde`; no clock, no randomness,
//! no input or output.

mod command;
mod count;
mod environment;
mod fact;
mod finalize;
mod gate;
mod halt;
mod happening;
mod harmless;
mod host;
mod id;
mod judgement;
mod latency;
mod listen;
mod measured;
mod metric;
mod millis;
mod name;
#[cfg(feature = "openapi")]
mod openapi;
mod outcome;
mod past;
mod percent;
mod phase;
mod plan;
mod probe;
mod program;
mod proof;
mod reason;
mod release;
mod report;
mod route;
mod rule;
mod score;
mod slot;
mod slower;
mod spec;
mod strategy;
mod suggest;
mod template;
mod token;
mod traffic;
mod trigger;
mod whole;

pub use command::{
    CommandRun, CommandSpec, CommandState, Job, Pass, STATUS, STATUS_SAYS, STATUS_SAYS_LIVE,
    STATUS_SAYS_MOVING, STATUS_SAYS_NOTHING, STATUS_SILENT, STILL_RUNS, ran_as, still_runs,
};
pub use count::{about, count, more_to_the_new, one_digit};
pub use environment::{Environment, KeptFailed, Promoted, ServiceState, StandbyKept, TakenDown};
pub use fact::{
    Fact, InstanceEnd, LAST_BYTES, LAST_LINE_LONGEST, LAST_LINES, Repair, ReturnReason, StuckReason,
};
pub use finalize::Finalize;
pub use gate::{Follow, Gate};
pub use halt::{Halt, LIFTS_MOST, Lift};
pub use happening::{Gist, Happened, Happening, InstanceOf, ONCE_MORE_WITHIN_US, Reckoned};
pub use harmless::{harmless, is_obeyed};
pub use host::{Host, InvalidHost, InvalidPathPrefix, PathPrefix};
pub use id::{
    DeploymentId, Digest, Epoch, InstallationId, InstanceId, InvalidId, PlanId, SlotId, TimerId,
};
pub use judgement::{Judgement, Tally, Verdict};
pub use latency::{Beyond, LATENCY_EDGES_US, THRESHOLDS, latency_edge, thresholds};
pub use listen::{AccessLog, Acme, Connections, Listen, Proxies, Tls, TlsFiles};
pub use measured::{
    Before, Below, BeyondReach, CheckOf, GatedStep, Reach, ScoreGate, ScoreNeed, ScoreStage,
    ScoreSummary,
};
pub use metric::{Access, InvalidUrl, MetricQuery, PrometheusUrl, Secret, Who};
pub use millis::{InvalidDuration, Millis};
pub use name::{
    AppName, CategoryName, CheckName, EnvironmentName, InvalidName, ServiceKey, ServiceName,
};
pub use outcome::{DeploymentState, Outcome};
pub use past::{Lacking, Past};
pub use percent::{InvalidPercent, Percent};
pub use phase::RolloutPhase;
pub use plan::{Change, Plan, PlanKind, RolloutPlan, Step, Task, TaskId, TaskKind};
pub use probe::{Probe, ProbeKind, Probed};
pub use program::{OtherProgram, Program};
pub use proof::Proof;
pub use reason::{REASON_LONGEST, is_reason};
pub use release::{Release, Version};
pub use report::{
    InvalidReport, LINE_LONGEST, METRIC_NAME_LONGEST, Measure, Metric, PHASE_LONGEST, Report,
};
pub use route::{Route, RouteMode, RouteSlot, Speaks};
pub use rule::{Rule, Then};
pub use score::{
    Band, CategoryScore, CategorySpec, CheckScore, CheckSource, CheckSpec, Counted, NoData, Permit,
    PointsLost, Reading, Scale, Score, ScoreEntry, ScoreMoment, ScoreSpec,
};
pub use slot::{Instance, Label, Slot};
pub use slower::Slower;
pub use spec::{OWN_NAMES, OnFailure, Overlap, ProcessSpec, ServiceSpec, Spec, Stop};
pub use strategy::Strategy;
pub use suggest::nearest;
pub use template::{InvalidTemplate, Template};
pub use token::{InvalidToken, Token};
pub use traffic::{
    Eject, Fits, Maintenance, Mirror, RequestLimits, Retries, Sticky, Timeouts, Traffic,
};
pub use trigger::{Drop, Lasting, Limit, Percentile, Rate, Source, Times, Trigger};
pub use whole::{whole, whole_if_known};
