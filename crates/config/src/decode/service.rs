//! A service: as written, as overridden by an environment, and what every service starts from.

use serde_json::{Value, json};
use windlass_model::{Millis, Overlap, ServiceName, Speaks, Sticky, Template};

use super::analysis::{Analysis, AnalysisDraft};
use super::argv::Argv;
use super::collection::{EachOf, Entries};
use super::listen::{Listen, ListenDraft};
use super::metric::{Metrics, MetricsDraft};
use super::number::{SomeTime, Time};
use super::probe::{Probes, ProbesDraft, ReadyPath};
use super::process::{
    Files, Instances, Limits, LimitsDraft, ReleaseDraft, ReleaseKeys, StopDraft, Stopping, Target,
    TargetDraft, Variables,
};
use super::strategy::{Strategy, StrategyDraft};
use super::traffic::{Stickiness, TrafficDraft, TrafficKeys};
use super::trigger::{Triggers, TriggersDraft};
use crate::field::{At, Defs, Field, Found, Keyed, Keys, Rule, Shape, Table, field};
use crate::limit::MAX_NEEDS;
use crate::problem::REPEATED;
use crate::reader::Reader;
use crate::tree::Node;

#[derive(Clone, Debug, Default)]
pub(crate) struct ServiceDraft {
    pub(crate) release: Found<ReleaseDraft>,
    pub(crate) target: Found<TargetDraft>,
    run: Found<Vec<At<Template>>>,
    files: Found<Vec<At<String>>>,
    instances: Found<u16>,
    env: Found<Entries<String, Template>>,
    limits: Found<LimitsDraft>,
    stop: Found<StopDraft>,
    pub(crate) needs: Found<Vec<At<ServiceName>>>,
    pub(crate) listen: Found<ListenDraft>,
    pub(crate) speaks: Found<Speaks>,
    ready: Found<String>,
    pub(crate) probes: Found<ProbesDraft>,
    pub(crate) strategy: Found<StrategyDraft>,
    pub(crate) sticky: Found<Sticky>,
    pub(crate) traffic: Found<TrafficDraft>,
    pub(crate) overlap: Found<Overlap>,
    pub(crate) bake: Found<Millis>,
    pub(crate) drain: Found<Millis>,
    pub(crate) rollback_on: Found<TriggersDraft>,
    pub(crate) metrics: Found<MetricsDraft>,
    pub(crate) analysis: Found<AnalysisDraft>,
    pub(crate) rollback_within: Found<Millis>,
    pub(crate) was: Found<ServiceName>,
}

/// Names of other services, each once.
pub(crate) struct Needs;

type NeedList = EachOf<ServiceName, 0, MAX_NEEDS>;

impl Shape for Needs {
    type Value = Vec<At<ServiceName>>;

    const EXAMPLES: &'static [&'static str] = &["[auth]"];

    fn wanted() -> String {
        "a list of services, such as [auth]".to_owned()
    }

    fn schema(defs: &mut Defs) -> Value {
        let mut schema = NeedList::schema(defs);
        if let Value::Object(object) = &mut schema {
            object.insert("uniqueItems".to_owned(), json!(true));
        }
        schema
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self::Value> {
        let needs = NeedList::decode(node, reader)?;
        let mut fine = true;
        for (index, need) in needs.iter().enumerate() {
            if needs
                .iter()
                .take(index)
                .any(|earlier| earlier.value == need.value)
            {
                let message = format!("`{}` is named twice", need.value);
                reader.refuse(REPEATED, need.span, message);
                fine = false;
            }
        }
        fine.then_some(needs)
    }
}

const RELEASE: Field<ServiceDraft> = field!(ServiceDraft: release as "release", Keys<ReleaseKeys>,
    "What the release is called.");
const TARGET: Field<ServiceDraft> = field!(ServiceDraft: target as "target", Keys<Target>,
    "What runs the release. `run`, `files`, `instances`, `env`, `limits` and `stop` beside it are short for a process.");
const RUN: Field<ServiceDraft> = field!(ServiceDraft: run as "run", Argv,
    "Program and arguments. A text is split by shell quoting, a list is taken as it is; there is no shell. ${PORT}, ${VERSION} and ${INSTANCE} come from Windlass. It runs in the folder of its release, not in the file's: a read-only copy of what `files` says, laid out as beside the file; data goes to absolute paths.");
const FILES: Field<ServiceDraft> = field!(ServiceDraft: files as "files", Files,
    "What is kept as the release, below the file's folder. Without it: the program, and every argument that names a file or folder.",
    examples &["[./server, ./assets]"]);
const INSTANCES: Field<ServiceDraft> = field!(ServiceDraft: instances as "instances", Instances,
    "How many copies run.", default "1");
const ENV: Field<ServiceDraft> = field!(ServiceDraft: env as "env", Variables,
    "Variables of the process; values are texts as written.",
    examples &["{ LOG_LEVEL: info, TOKEN: \"${TOKEN}\" }"]);
const LIMITS: Field<ServiceDraft> = field!(ServiceDraft: limits as "limits", Keys<Limits>,
    "What one instance may use.", examples &["{ memory: 512M }"]);
const STOP: Field<ServiceDraft> = field!(ServiceDraft: stop as "stop", Keys<Stopping>,
    "How it is asked to end.");
const NEEDS: Field<ServiceDraft> = field!(ServiceDraft: needs as "needs", Needs,
    "Services that must have passed before this one begins; it gets the address of each as <NAME>_URL.");
const LISTEN: Field<ServiceDraft> = field!(ServiceDraft: listen as "listen", Listen,
    "Where the router serves it. Without it there is no traffic to split.");
const SPEAKS: Field<ServiceDraft> = field!(ServiceDraft: speaks as "speaks", Speaks,
    "What its instances speak, to the router and to the questions for their health. `http2` is HTTP/2 without TLS by prior knowledge: what gRPC needs.",
    default "http1");
const READY: Field<ServiceDraft> = field!(ServiceDraft: ready as "ready", ReadyPath,
    "Path of a GET that must be answered with 2xx or 3xx; short for `probes.ready.http`.");
const PROBES: Field<ServiceDraft> = field!(ServiceDraft: probes as "probes", Keys<Probes>,
    "Health questions.");
const STRATEGY: Field<ServiceDraft> = field!(ServiceDraft: strategy as "strategy", Strategy,
    "How a new release takes over.", default "blue-green");
const STICKY: Field<ServiceDraft> = field!(ServiceDraft: sticky as "sticky", Stickiness,
    "Keeps a visitor at one release while two share the traffic: whoever has seen the candidate stays with it as its share grows. Without it: each request takes its turn.");
const TRAFFIC: Field<ServiceDraft> = field!(ServiceDraft: traffic as "traffic", Keys<TrafficKeys>,
    "How the router treats its requests, beside splitting them.",
    examples &["{ limits: { in_flight: 200, body: 10M } }"]);
const OVERLAP: Field<ServiceDraft> = field!(ServiceDraft: overlap as "overlap", Overlap,
    "Without `listen`: whether old and new may run at the same time.", default "no");
const BAKE: Field<ServiceDraft> = field!(ServiceDraft: bake as "bake", Time,
    "How long each step is watched.", default "30s");
const DRAIN: Field<ServiceDraft> = field!(ServiceDraft: drain as "drain", Time,
    "How long requests on an old slot may take to end; then they are cut.", default "30s");

const ROLLBACK_ON: Field<ServiceDraft> = field!(ServiceDraft: rollback_on as "rollback_on", Triggers,
    "What takes a release back while it is watched; an empty list: nothing.",
    default "[crash, readiness lost, error rate > 5% for 10s, error rate worse than baseline]");
const METRICS: Field<ServiceDraft> = field!(ServiceDraft: metrics as "metrics", Metrics,
    "Numbers that somebody else measures, by the name that triggers use.",
    examples &["{ login_failures: { prometheus: \"http://127.0.0.1:9090\", query: \"sum(rate(login_failures_total[1m]))\" } }"]);
const ANALYSIS: Field<ServiceDraft> = field!(ServiceDraft: analysis as "analysis", Keys<Analysis>,
    "The evidence that each step below 100 % needs before it is over, and what follows where it is missing. Without it a bake in which nothing fired is enough.",
    examples &["{ require: pass, inconclusive: hold, longest: 1h }"]);
const ROLLBACK_WITHIN: Field<ServiceDraft> = field!(ServiceDraft: rollback_within as "rollback_within", SomeTime,
    "Time in which traffic must be back before a person is called.", default "2m");
const WAS: Field<ServiceDraft> = field!(ServiceDraft: was as "was", ServiceName,
    "The name that this service had before: it is the same one, not a new one.");

const KEYS: &[Field<ServiceDraft>] = &[
    RELEASE,
    TARGET,
    RUN,
    FILES,
    INSTANCES,
    ENV,
    LIMITS,
    STOP,
    NEEDS,
    LISTEN,
    SPEAKS,
    READY,
    PROBES,
    STRATEGY,
    STICKY,
    TRAFFIC,
    OVERLAP,
    BAKE,
    DRAIN,
    ROLLBACK_ON,
    METRICS,
    ANALYSIS,
    ROLLBACK_WITHIN,
    WAS,
];

/// Documented, and not here yet.
const LATER: &[&str] = &["router", "before_cutover", "after"];

const READY_TWICE: Rule = Rule::NotBoth(
    "ready",
    "probes.ready",
    "`ready: PATH` is short for `probes: { ready: { http: PATH } }`",
);

macro_rules! beside_target {
    ($($key:literal),*) => {
        [READY_TWICE, $(Rule::NotBoth(
            $key,
            "target",
            concat!("`", $key, "` is short for `target.process.", $key, "`: keep one form"),
        )),*]
    };
}

const FORMS: [Rule; 7] = beside_target!("run", "files", "instances", "env", "limits", "stop");

macro_rules! beside_command {
    ($($key:literal: $why:literal),*) => {
        [$(Rule::NotBoth($key, "target.command", $why)),*]
    };
}

/// What a script that ends by itself can't have.
const NOT_OF_A_COMMAND: [Rule; 6] = beside_command!(
    "listen": "the script brings the traffic itself: remove `listen`",
    "speaks": "the router passes nothing on to a command: remove `speaks`",
    "ready": "a command is ready once it has ended with 0; what it brought is asked by `status`",
    "probes": "a command is ready once it has ended with 0; what it brought is asked by `status`",
    "strategy": "the script decides how the new takes over: remove `strategy`",
    "overlap": "nothing of a command runs on: remove `overlap`"
);

/// A service below `services`.
pub(crate) struct WholeService;

impl Keyed for WholeService {
    type Draft = ServiceDraft;
    const TABLE: Table<ServiceDraft> = Table {
        name: "service",
        noun: "a service",
        fields: KEYS,
        rules: {
            const RULES: &[Rule] = &{
                let [ready, run, files, instances, env, limits, stop] = FORMS;
                let [listens, speaks, asks, probes, strategy, overlap] = NOT_OF_A_COMMAND;
                [
                    listens,
                    speaks,
                    asks,
                    probes,
                    strategy,
                    overlap,
                    ready,
                    run,
                    files,
                    instances,
                    env,
                    limits,
                    stop,
                    Rule::OneOf(&["run", "target.process.run", "target.command"]),
                ]
            };
            RULES
        },
        later: LATER,
        elsewhere: (&[], ""),
        may_be_empty: false,
    };
}

/// A service below an environment: what it says differently there.
pub(crate) struct OverridingService;

impl Keyed for OverridingService {
    type Draft = ServiceDraft;
    const TABLE: Table<ServiceDraft> = Table {
        name: "override",
        noun: "a service",
        fields: KEYS,
        rules: {
            const RULES: &[Rule] = &{
                let [ready, run, files, instances, env, limits, stop] = FORMS;
                let [listens, speaks, asks, probes, strategy, overlap] = NOT_OF_A_COMMAND;
                [
                    listens, speaks, asks, probes, strategy, overlap, ready, run, files, instances,
                    env, limits, stop,
                ]
            };
            RULES
        },
        later: LATER,
        elsewhere: (&[], ""),
        may_be_empty: true,
    };
}

/// A service in which defaults, service and environment have come together.
pub(crate) type MergedService = Keys<OverridingService>;

/// `defaults`.
pub(crate) struct Defaults;

impl Keyed for Defaults {
    type Draft = ServiceDraft;
    const TABLE: Table<ServiceDraft> = Table {
        name: "defaults",
        noun: "`defaults`",
        fields: &[
            STOP,
            READY,
            PROBES,
            STRATEGY,
            STICKY,
            TRAFFIC,
            OVERLAP,
            BAKE,
            DRAIN,
            ROLLBACK_ON,
            METRICS,
            ANALYSIS,
            ROLLBACK_WITHIN,
        ],
        rules: &[READY_TWICE],
        later: LATER,
        elsewhere: (
            &[
                "run",
                "files",
                "instances",
                "env",
                "limits",
                "target",
                "release",
                "needs",
                "listen",
                "speaks",
                "was",
            ],
            "to one service, below `services`",
        ),
        may_be_empty: true,
    };
}
