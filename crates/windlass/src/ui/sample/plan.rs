//! What a deployment would do.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use windlass_api::{PlanView, TakesView};
use windlass_model::{
    Change, Digest, Finalize, Instance, Label, Millis, OnFailure, OtherProgram, Overlap, Plan,
    PlanKind, Probe, ProbeKind, ProcessSpec, Program, Release, RolloutPlan, Rule, ScoreSpec,
    ServiceSpec, Slot, SlotId, Speaks, Step, Stop, Strategy, Task, TaskId, TaskKind, Template,
};

use super::noun::{app, instance, percent, plan_id, production, service, version};

/// How long each step is watched.
const WATCHED: Millis = Millis::from_secs(30);

fn release(text: &str) -> Release {
    Release {
        version: version(text),
        identity: Digest::parse(&"ab".repeat(32)).unwrap(),
        artefact: Digest::parse(&"cd".repeat(32)).unwrap(),
    }
}

fn spec(instances: u16, port: u16, strategy: Strategy) -> ServiceSpec {
    ServiceSpec {
        needs: BTreeSet::new(),
        version: None,
        process: ProcessSpec {
            argv: vec![Template::literal("./server")],
            files: Vec::new(),
            instances,
            env: BTreeMap::new(),
            memory: None,
            stop: Stop::default(),
        },
        command: None,
        listen: Some(SocketAddr::from(([127, 0, 0, 1], port)).into()),
        traffic: Box::default(),
        speaks: Speaks::Http1,
        ready: Probe {
            kind: ProbeKind::Http {
                path: "/health/ready".to_owned(),
                speaks: Speaks::Http1,
            },
            ..Probe::default()
        },
        strategy,
        overlap: Overlap::No,
        bake: Millis::from_secs(30),
        drain: Millis::from_secs(30),
        analysis: None,
        rollback_on: Rule::defaults(),
        detailed: None,
        metrics: BTreeMap::new(),
        rollback_within: ServiceSpec::ROLLBACK_WITHIN,
        was: None,
    }
}

fn slot(spec: &ServiceSpec) -> Slot {
    Slot {
        id: SlotId(1),
        label: Label::Blue,
        release: release("1.4.1"),
        spec: spec.clone(),
        instances: vec![Instance {
            id: instance("0a"),
            place: "local".to_owned(),
            address: ([127, 0, 0, 1], 20000).into(),
        }],
    }
}

/// One task: whose, in which wave, what, and what undoes it.
type Row = (Option<&'static str>, u32, TaskKind, Option<&'static str>);

fn tasks(rows: Vec<Row>) -> Vec<Task> {
    let numbered = rows.into_iter().zip(0..);
    let made = numbered.map(|((name, wave, kind, undo), number)| Task {
        id: TaskId(number),
        service: name.map(service),
        after: BTreeSet::new(),
        wave,
        kind,
        undo: undo.map(str::to_owned),
        no_way_back: false,
    });
    made.collect()
}

fn shift(share: u64) -> TaskKind {
    TaskKind::Shift { to: percent(share) }
}

fn bake() -> TaskKind {
    TaskKind::Bake { within: WATCHED }
}

fn start(instances: u16) -> TaskKind {
    TaskKind::Start {
        version: version("1.4.2"),
        instances,
    }
}

fn drain() -> TaskKind {
    TaskKind::Drain {
        version: version("1.4.1"),
        within: Millis::from_secs(30),
    }
}

fn standby() -> TaskKind {
    TaskKind::Standby {
        version: version("1.4.1"),
    }
}

fn replacement_tasks() -> Vec<Task> {
    let (auth, api) = (Some("auth"), Some("api"));
    let back = Some("1.4.1 back to 100 %");
    tasks(vec![
        (auth, 0, start(2), Some("stop them")),
        (auth, 1, shift(25), back),
        (auth, 2, bake(), None),
        (auth, 3, shift(100), back),
        (auth, 4, bake(), None),
        (api, 5, start(1), Some("stop them")),
        (api, 6, shift(100), back),
        (api, 7, bake(), None),
        (None, 8, TaskKind::Promote, None),
        (auth, 9, drain(), None),
        (api, 9, drain(), None),
        (auth, 10, standby(), None),
        (api, 10, standby(), None),
    ])
}

fn part(spec: &ServiceSpec, needs: &[&str], steps: Vec<Step>) -> RolloutPlan {
    RolloutPlan {
        needs: needs.iter().map(|name| service(name)).collect(),
        stable: Some(slot(spec)),
        spec: spec.clone(),
        change: Change::Beside { steps },
        release: release("1.4.2"),
        standby: None,
        failed: None,
    }
}

/// A canary of `auth` and a blue-green `api`; `web` stays, `legacy` is not in the file.
pub(crate) fn plan_view() -> PlanView {
    let step = |to: u64| Step {
        to: percent(to),
        bake: WATCHED,
        score: None,
    };
    let steps = vec![step(25), step(100)];
    let auth = spec(2, 8082, Strategy::Canary(steps.clone()));
    let api = spec(1, 8081, Strategy::BlueGreen);
    PlanView {
        plan: Plan {
            folder: String::new(),
            id: plan_id(),
            app: app(),
            environment: production(),
            revision: 3,
            on_failure: OnFailure::All,
            parallel: 8,
            kind: PlanKind::Deploy,
            finalize: Finalize::NextDeployment,
            score: ScoreSpec::default(),
            before: Vec::new(),
            renames: BTreeMap::new(),
            rollouts: BTreeMap::from([
                (service("auth"), part(&auth, &[], steps)),
                (service("api"), part(&api, &["auth"], vec![step(100)])),
            ]),
            unchanged: BTreeSet::from([service("web")]),
            unmanaged: BTreeSet::from([service("legacy")]),
            tasks: replacement_tasks(),
        },
        nothing_to_do: false,
        down: BTreeMap::new(),
        risk: None,
        takes: Some(TakesView {
            about_ms: 94_200,
            watched_ms: 90_000,
            unknown: BTreeSet::new(),
        }),
        no_start: BTreeMap::new(),
        went_back: BTreeMap::new(),
        programs: BTreeMap::new(),
        new: BTreeMap::new(),
    }
}

/// Another interpreter than before.
pub(crate) fn other_program() -> OtherProgram {
    let program = |digit: &str| Program {
        path: "/usr/bin/python3".to_owned(),
        sha256: Digest::parse(&digit.repeat(64)).expect("a digest"),
    };
    OtherProgram {
        was: program("a"),
        now: program("b"),
    }
}

/// The first deployment of `auth`, whose file says canary.
pub(crate) fn first_plan_view() -> PlanView {
    let mut view = plan_view();
    view.takes = Some(TakesView {
        about_ms: WATCHED.as_millis(),
        watched_ms: WATCHED.as_millis(),
        unknown: BTreeSet::from([service("auth")]),
    });
    let plan = &mut view.plan;
    plan.revision = 0;
    plan.unchanged.clear();
    plan.unmanaged.clear();
    plan.rollouts.remove(&service("api"));
    for part in plan.rollouts.values_mut() {
        part.stable = None;
        part.change = Change::First { bake: WATCHED };
    }
    let auth = Some("auth");
    let route = TaskKind::Route {
        open: vec![SocketAddr::from(([127, 0, 0, 1], 8082)).into()],
        close: Vec::new(),
    };
    plan.tasks = tasks(vec![
        (auth, 0, start(2), Some("stop them")),
        (auth, 1, route, Some("close 127.0.0.1:8082")),
        (auth, 2, shift(100), Some("take it off the router")),
        (auth, 3, bake(), None),
        (None, 4, TaskKind::Promote, None),
    ]);
    view
}
