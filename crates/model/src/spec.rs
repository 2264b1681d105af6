//! What a person wants: one application in one environment, decoded and checked.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::{
    AppName, Before, CommandSpec, EnvironmentName, Finalize, Gate, Listen, MetricQuery, Millis,
    Probe, Rule, ScoreSpec, ServiceName, Speaks, Strategy, Template, Traffic, Trigger,
};

/// One application in one environment. `config` makes it; who holds one may trust it: every `needs`
/// names a service of the same spec, and there is no cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Spec {
    /// The application.
    pub app: AppName,
    /// The environment.
    pub environment: EnvironmentName,
    /// What goes back when one service fails.
    pub on_failure: OnFailure,
    /// How many instances may be starting at the same time.
    pub parallel: u16,
    /// When a standby goes.
    #[serde(default)]
    pub finalize: Finalize,
    /// What its health score is made of.
    #[serde(default, skip_serializing_if = "ScoreSpec::is_empty")]
    pub score: ScoreSpec,
    /// What must be so before a deployment moves anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Before>,
    /// Its services.
    pub services: BTreeMap<ServiceName, ServiceSpec>,
}

/// What goes back when one service fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The whole deployment.
    #[default]
    All,
    /// The failed service and what needs it; the rest goes on.
    Dependents,
}

/// One service as wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceSpec {
    /// Services that must have passed before this one begins.
    pub needs: BTreeSet<ServiceName>,
    /// `release.version`, or what `--set` said instead.
    pub version: Option<String>,
    /// What runs it. (The process target; others come with their issues.)
    pub process: ProcessSpec,
    /// Makes a command of the process: a script that deploys and then ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandSpec>,
    /// Where the router serves it; without it there is no traffic to split.
    pub listen: Option<Listen>,
    /// How the router treats its requests.
    #[serde(default, skip_serializing_if = "Traffic::is_usual")]
    pub traffic: Box<Traffic>,
    /// What its instances speak, to the router and to whoever asks for their health.
    #[serde(default, skip_serializing_if = "Speaks::is_usual")]
    pub speaks: Speaks,
    /// The readiness question. Without `ready` in the file: a TCP connect, or alive for 2 s.
    pub ready: Probe,
    /// The question whose answer says more of what the service rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detailed: Option<Probe>,
    /// How a new release takes over.
    pub strategy: Strategy,
    /// Whether old and new may run at the same time; matters only without `listen`.
    pub overlap: Overlap,
    /// How long each step is watched, unless it says otherwise.
    pub bake: Millis,
    /// How long requests on an old slot may take to end; then they are cut.
    pub drain: Millis,
    /// What takes a rollout back while it is watched.
    #[serde(default = "Rule::defaults")]
    pub rollback_on: Vec<Rule>,
    /// Metrics that its rules may name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, MetricQuery>,
    /// The evidence that a step needs; without it a bake in which nothing fired is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysis: Option<Gate>,
    /// Work time that traffic may take to be back, before a person is called.
    #[serde(default = "ServiceSpec::default_rollback_within")]
    pub rollback_within: Millis,
    /// The name that this service had before: it is the same one.
    #[serde(default)]
    pub was: Option<ServiceName>,
}

/// Whether old and new of a service without `listen` may run at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// Stop the old, then start the new.
    #[default]
    No,
    /// Both run until promotion.
    Yes,
}

/// A process target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProcessSpec {
    /// Program and arguments. Never a shell.
    pub argv: Vec<Template>,
    /// What is kept as the release, relative to the file's folder. Empty: the program, and every
    /// argument that names a file or folder.
    pub files: Vec<String>,
    /// How many copies run.
    pub instances: u16,
    /// Declared environment; PATH, HOME, LANG, PORT, INSTANCE and `<NEED>_URL` are added.
    pub env: BTreeMap<String, Template>,
    /// Bytes that all processes of one instance may hold in memory together: what rules on memory are a
    /// share of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// How it is asked to end.
    pub stop: Stop,
}

/// How a process is asked to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stop {
    /// Signal name without `SIG`: `TERM`, `INT`, `QUIT`, `HUP`, `USR1`, `USR2`.
    pub signal: String,
    /// How long it may take; then every descendant is killed.
    pub within: Millis,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            signal: "TERM".to_owned(),
            within: Millis::from_secs(30),
        }
    }
}

/// Names that Windlass itself gives a value in `run` and `env`.
pub const OWN_NAMES: [&str; 3] = ["PORT", "VERSION", "INSTANCE"];

impl ServiceSpec {
    /// The readiness question, as a trigger names it.
    pub const READY: &str = "ready";

    /// The detailed question, as a trigger names it; every other name is a part of its answer.
    pub const DETAILED: &str = "detailed";

    /// `rollback_within` where the file says nothing.
    pub const ROLLBACK_WITHIN: Millis = Millis::from_secs(120);

    fn default_rollback_within() -> Millis {
        Self::ROLLBACK_WITHIN
    }

    /// Whether something measures all conditions of a rule here; `scored` where the application has a health
    /// score.
    pub fn watches(&self, rule: &Rule, scored: bool) -> bool {
        rule.all.iter().all(|trigger| match trigger {
            Trigger::ScoreDrops { .. } => scored,
            Trigger::Metric { name, .. } => self.metrics.contains_key(name),
            Trigger::ProbeFailing { probe, .. } => self.asks(probe),
            Trigger::Memory { .. } => self.process.memory.is_some(),
            other => other.source().is_some(),
        })
    }

    /// Whether a question is there that may be answered with how `probe` is: the readiness question, the
    /// detailed one, or a part of its answer.
    pub fn asks(&self, probe: &str) -> bool {
        let ready = probe == Self::READY && self.ready.asks_the_instance();
        ready || self.detailed.is_some()
    }

    /// Whether the router treats requests of `other` as it does those of this one.
    pub fn treats_as(&self, other: &Self) -> bool {
        self.traffic == other.traffic && self.speaks == other.speaks
    }

    /// The address that the router serves it on.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.as_ref().map(|listen| listen.address)
    }

    /// The names in `run` and `env` whose values must come from the environment of whoever deploys.
    pub fn foreign_names(&self) -> BTreeSet<&str> {
        self.words()
            .flat_map(Template::names)
            .filter(|name| !OWN_NAMES.contains(name))
            .collect()
    }

    /// Everything in which a place for a value may stand.
    fn words(&self) -> impl Iterator<Item = &Template> {
        let command = self.command.iter();
        let more = command.flat_map(|command| command.status.iter().chain(&command.rollback));
        let process = &self.process;
        let words = process.argv.iter().chain(process.env.values());
        words.chain(more.flatten())
    }

    /// Whether `${VERSION}` is used anywhere, so that an explicit label changes what the process sees.
    pub fn uses_version(&self) -> bool {
        self.words().any(|word| word.names().contains("VERSION"))
    }
}
