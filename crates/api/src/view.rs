//! What clients see when they look.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use windlass_model::{
    AppName, DeploymentId, DeploymentState, Digest, EnvironmentName, Halt, InstanceId, Job,
    Judgement, Listen, Millis, OtherProgram, Past, Percent, Plan, PlanId, PlanKind, ReturnReason,
    RolloutPhase, ScoreGate, ScoreSummary, ServiceName, StandbyKept, StuckReason, TakenDown,
    Verdict, Version, more_to_the_new,
};

use crate::{
    BroughtView, DeploymentScore, NotReadyView, Novelty, ReportedView, RestartsView, RiskView,
    SlotView, StepScoreView, WentBackView, Word,
};

/// `GET /v1/version`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VersionView {
    /// Version of the binary.
    pub version: String,
    /// [`crate::API_VERSION`] of the controller.
    pub api: u32,
    /// The controller's pid.
    pub pid: u32,
    /// Its epoch.
    pub epoch: u64,
    /// Set when its journal is older than what runs: it changes nothing until `repair --adopt`.
    #[serde(default)]
    pub lost_history: Option<LostHistoryView>,
}

/// A journal that is older than what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LostHistoryView {
    /// The controller's epoch.
    pub own: u64,
    /// The highest epoch that router and shims have heard.
    pub heard: u64,
}

/// A plan, and whether there is anything to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanView {
    /// The plan.
    pub plan: Plan,
    /// Whether every service is as wanted already.
    pub nothing_to_do: bool,
    /// Services that would start and of which nothing runs now though they were promoted before, each with
    /// the version that was so last.
    #[serde(default)]
    pub down: BTreeMap<ServiceName, Version>,
    /// What the past says of it; none where there is too little of it, and for whoever did not ask for a plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<RiskView>,
    /// How long it takes if all goes well; none for whoever did not ask for a plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes: Option<TakesView>,
    /// Services whose release to go back to could not be started again as it was; in a rollback, that it
    /// goes back to, or else that it leaves.
    #[serde(default)]
    pub no_start: BTreeMap<ServiceName, NoStartView>,
    /// Services whose new release was left once already; empty for whoever did not ask what would be done.
    #[serde(default)]
    pub went_back: BTreeMap<ServiceName, WentBackView>,
    /// Services whose new release runs another program from PATH, or from elsewhere outside of the folder, than the
    /// one that serves; empty for whoever did not ask what would be done.
    #[serde(default)]
    pub programs: BTreeMap<ServiceName, OtherProgram>,
    /// What makes the new release of a service another than the one that serves, as the deployment tells it later;
    /// empty for whoever did not ask what would be done.
    #[serde(default)]
    pub new: BTreeMap<ServiceName, Vec<Novelty>>,
}

/// How long a plan takes to its promotion if all goes well: without what waits for a person, a gate or evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TakesView {
    /// All of it in milliseconds, with starts that take as long as they did lately (the median of what the last
    /// eight deployments of the environment know).
    pub about_ms: u64,
    /// What of it is watching: it can't take less.
    pub watched_ms: u64,
    /// Services whose starts nobody has seen yet: they are in `about_ms` with no time at all.
    pub unknown: BTreeSet<ServiceName>,
}

/// A release that could not be started again as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoStartView {
    /// Which.
    pub version: Version,
    /// What of it is gone, or is another now.
    pub why: String,
}

/// One deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeploymentView {
    /// Which.
    pub id: DeploymentId,
    /// What it carries out.
    pub plan: PlanId,
    /// What kind of deployment it is.
    #[serde(default)]
    pub kind: PlanKind,
    /// The application.
    pub app: AppName,
    /// The environment.
    pub environment: EnvironmentName,
    /// Where it stands.
    pub state: DeploymentState,
    /// When it began, microseconds since 1970 UTC.
    pub started_us: i64,
    /// When it ended.
    pub ended_us: Option<i64>,
    /// Since when it goes back, microseconds since 1970 UTC, while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returning_since_us: Option<i64>,
    /// Who asked for it.
    pub by: String,
    /// Its parts.
    pub rollouts: BTreeMap<ServiceName, RolloutView>,
    /// Sequence of the last event this view contains.
    pub sequence: u64,
    /// Why nothing more of it can be read, if its journal is damaged.
    #[serde(default)]
    pub poisoned: Option<String>,
    /// What the router last said, if it did not take the new names of services in time.
    #[serde(default)]
    pub not_renamed: Option<String>,
    /// Its health score, where that is measured.
    #[serde(default)]
    pub score: Option<DeploymentScore>,
    /// Who holds it, while it is held.
    #[serde(default)]
    pub held: Option<HeldView>,
    /// Whether a person let it go on somewhere, and not only what was seen: `past` of its services and
    /// `let_go` of its score say who, where, and what was left out.
    #[serde(default)]
    pub by_hand: bool,
    /// Why people said what they said to it, in their own words, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<BecauseView>,
    /// What people said to it, in order, also where they gave no reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<crate::SaidView>,
}

/// Why a person said something to a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BecauseView {
    /// Who.
    pub by: String,
    /// When that was said, microseconds since 1970 UTC.
    pub at_us: i64,
    /// What they wrote.
    pub why: String,
    /// What they said it with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<Word>,
}

impl BecauseView {
    /// `mira says why: the queue grows`.
    pub fn words(&self) -> String {
        let says = match self.word {
            Some(Word::Began) => "began it because",
            Some(_) | None => "says why",
        };
        format!("{} {says}: {}", self.by, self.why)
    }
}

impl DeploymentView {
    /// The evidence that its services wait for, or are held for.
    pub fn evidence(&self) -> BTreeMap<ServiceName, EvidenceView> {
        let all = self.rollouts.iter();
        all.filter_map(|(service, part)| Some((service.clone(), part.evidence.clone()?)))
            .collect()
    }

    /// The gates that a score keeps shut, each with what was measured last.
    pub fn shut(&self) -> impl Iterator<Item = (&ScoreGate, &ScoreSummary)> {
        let gates = self.score.iter().flat_map(|score| &score.shut);
        gates.filter_map(|gate| {
            let measured = match &gate.step {
                None => self.score.as_ref()?.before.as_ref()?,
                Some(step) => {
                    let part = self.rollouts.get(&step.service)?;
                    part.score.as_ref()?.measured.as_ref()?
                }
            };
            Some((gate, measured))
        })
    }
}

/// Who asked a deployment to wait: a person, or the trigger, the analysis or the halt that did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeldView {
    /// Who.
    pub by: String,
    /// Since when, microseconds since 1970 UTC.
    pub since_us: i64,
}

impl HeldView {
    /// Whether it goes on once the halt is lifted, and waits for nobody's word.
    pub fn is_halt(&self) -> bool {
        self.by.starts_with(crate::HALT_SIGN)
    }
}

/// One service's part of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RolloutView {
    /// Its phase.
    pub phase: RolloutPhase,
    /// The version that was stable when it began.
    pub from: Option<Version>,
    /// The version that it brings.
    pub to: Version,
    /// The digest of that one's files: what their folder in `releases` of the state directory is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub artefact: Option<Digest>,
    /// The candidate's confirmed share.
    pub weight: Percent,
    /// Candidate instances that are ready.
    pub ready: u16,
    /// Candidate instances wanted.
    pub wanted: u16,
    /// Work time left of the present wait, in milliseconds, now. It stands still while the wait does: held,
    /// halted, or without a sight of what is watched.
    pub remaining_ms: Option<u64>,
    /// Services whose passing it waits for.
    pub waits_for: Vec<ServiceName>,
    /// The instances that it waits for while it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_ready: Option<NotReadyView>,
    /// Why it goes or went back.
    pub returned_because: Option<ReturnReason>,
    /// Why it is stuck.
    pub stuck_because: Option<StuckReason>,
    /// What its command has said, if it has one that did.
    #[serde(default)]
    pub reported: Option<ReportedView>,
    /// What is live of a service that a script deploys; none of one whose requests Windlass sees.
    #[serde(default)]
    pub brought: Option<BroughtView>,
    /// What makes its release another one than that of before; nothing where it is none, or where that is not
    /// known.
    #[serde(default)]
    pub new: Vec<Novelty>,
    /// What its answers say beside those of the stable release, and what that rests on.
    #[serde(default)]
    pub judgement: Option<Judgement>,
    /// What evidence its present step waits for, if it does, or has not got, if it is held for that.
    #[serde(default)]
    pub evidence: Option<EvidenceView>,
    /// The health score of its present step, where that needs one.
    #[serde(default)]
    pub score: Option<StepScoreView>,
    /// The last lines of instances that ended, by instance.
    #[serde(default)]
    pub last_lines: BTreeMap<InstanceId, Vec<String>>,
    /// The instances that did not end when they were asked to, and the time after which each was killed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub killed: BTreeMap<InstanceId, Millis>,
    /// What of its script each instance runs or ran, by instance; nothing of a process.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub jobs: BTreeMap<InstanceId, Job>,
    /// What people let it go past, in order.
    #[serde(default)]
    pub past: Vec<Past>,
}

/// Evidence that a step waits for, or is held for: its bake is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceView {
    /// What its answers say so far.
    pub verdict: Verdict,
    /// About how many more requests to the new version are needed, where that can be told.
    pub more_requests: Option<u64>,
    /// The share that it must be seen at.
    pub at: Percent,
    /// Whether it is waited for still; else the time for it is over, and the deployment is held.
    pub waits: bool,
}

impl EvidenceView {
    /// What is lacking, in words: "waits for evidence at 10 %: about 2,000 more requests to the new
    /// version are needed".
    pub fn words(&self) -> String {
        let at = self.at;
        let has = if self.waits { "waits for" } else { "has no" };
        let needs = match (self.more_requests, self.verdict) {
            (Some(more), _) => {
                let were = if self.waits { "are" } else { "were" };
                format!(": {} {were} needed", more_to_the_new(more))
            }
            (None, Verdict::NoData) if self.waits => ": nothing is compared there yet".to_owned(),
            (None, Verdict::NoData) => ": nothing was compared there".to_owned(),
            (None, Verdict::Error) => ": requests are not dealt out as the split says".to_owned(),
            (None, Verdict::Pass) => ": it has come".to_owned(),
            (None, Verdict::Fail | Verdict::Inconclusive) => String::new(),
        };
        format!("{has} evidence at {at}{needs}")
    }
}

/// One environment and what runs in it: `GET /v1/status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnvironmentView {
    /// The application.
    pub app: AppName,
    /// The environment.
    pub environment: EnvironmentName,
    /// Counts changes of what is stable.
    pub revision: u64,
    /// The folder it was last deployed from.
    pub folder: String,
    /// The deployment that runs.
    pub deployment: Option<DeploymentId>,
    /// The same with whose it is.
    #[serde(default)]
    pub lock: Option<LockView>,
    /// Who halted every raise, if somebody did.
    #[serde(default)]
    pub halted: Option<Halt>,
    /// Set when the router did not say in time what it does: then no share and no count is known.
    #[serde(default)]
    pub router_silent: Option<SilentRouterView>,
    /// The router that answers.
    #[serde(default)]
    pub router: Option<RouterView>,
    /// Its services.
    pub services: BTreeMap<ServiceName, ServiceView>,
}

/// A router that answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RouterView {
    /// Its process.
    pub pid: u32,
    /// Its version; none: it is too old to say so.
    pub version: Option<String>,
    /// What it understands, as a number that rises from version to version.
    pub level: u32,
    /// How often the router died and was started again in the last 24 hours; none: it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted: Option<RestartsView>,
}

/// A router that does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SilentRouterView {
    /// Its process; none where none lives.
    pub pid: Option<u32>,
    /// When it last answered this controller, microseconds since 1970 UTC.
    pub answered_us: Option<i64>,
}

/// Why nothing else may be deployed in an environment now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LockView {
    /// The deployment that runs.
    pub deployment: DeploymentId,
    /// Who asked for it.
    pub by: String,
    /// Since when, microseconds since 1970 UTC.
    pub since_us: i64,
    /// What it is doing, or what it waits for.
    pub reason: String,
    /// Where it stands.
    pub state: DeploymentState,
    /// Who holds it, while it is held.
    #[serde(default)]
    pub held: Option<HeldView>,
    /// The evidence that its services wait for, or are held for.
    #[serde(default)]
    pub evidence: BTreeMap<ServiceName, EvidenceView>,
}

/// One service and what runs of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceView {
    /// Where it is served.
    pub listen: Vec<Listen>,
    /// The stable slot.
    pub stable: Option<SlotView>,
    /// The candidate slot of the running deployment.
    pub candidate: Option<SlotView>,
    /// The standby slot.
    pub standby: Option<SlotView>,
    /// Who left the standby there, and when it goes.
    #[serde(default)]
    pub standby_kept: Option<StandbyKept>,
    /// A candidate that failed, kept for a look; it has no traffic.
    #[serde(default)]
    pub failed: Option<SlotView>,
    /// The deployment that it failed in.
    #[serde(default)]
    pub failed_kept_by: Option<DeploymentId>,
    /// Who took down what ran last, where nothing was promoted since.
    #[serde(default)]
    pub down: Option<TakenDown>,
    /// How often instances of what is stable or stands by ended by themselves, outside of a deployment, in
    /// the last 24 hours; none: they did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted: Option<RestartsView>,
    /// The version that a rollback goes back to where none is named; none: there is no earlier release that
    /// was not left before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goes_back_to: Option<Version>,
}

impl ServiceView {
    /// Every slot that something runs in.
    pub fn slots(&self) -> impl Iterator<Item = &SlotView> {
        let slots = [&self.stable, &self.candidate, &self.standby, &self.failed];
        slots.into_iter().flatten()
    }

    /// Whether anything of it runs or may: not where only a script has brought it.
    pub fn runs(&self) -> bool {
        self.slots().any(|slot| !slot.script)
    }

    /// Whether it has no slot at all: it was taken down or removed, or never came up.
    pub fn is_empty(&self) -> bool {
        self.slots().next().is_none()
    }
}
