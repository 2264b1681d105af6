//! Deployments and environments as a controller shows them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use windlass_api::{
    DeploymentView, EnvironmentView, EvidenceView, HeldView, InstanceView, LetGo, LockView,
    RolloutView, ServiceView, SlotView,
};
use windlass_model::{
    DeploymentState, Finalize, Judgement, Label, Lacking, Measure, Millis, Outcome, Past, Percent,
    PlanKind, RolloutPhase, ScoreGate, ScoreSummary, SlotId, StandbyKept, Tally, Trigger, Verdict,
};

use super::noun::{
    STARTED_US, app, at, id, instance, percent, plan_id, production, service, version,
};

fn rollout(wanted: u16, waits_for: &[&str]) -> RolloutView {
    RolloutView {
        not_ready: None,
        phase: RolloutPhase::Waiting,
        from: Some(version("1.4.1")),
        to: version("1.4.2"),
        artefact: None,
        weight: Percent::ZERO,
        ready: 0,
        wanted,
        remaining_ms: None,
        waits_for: waits_for.iter().map(|name| service(name)).collect(),
        returned_because: None,
        judgement: None,
        evidence: None,
        score: None,
        last_lines: BTreeMap::new(),
        killed: BTreeMap::new(),
        jobs: BTreeMap::new(),
        past: Vec::new(),
        stuck_because: None,
        reported: None,
        brought: None,
        new: Vec::new(),
    }
}

/// A running deployment of `auth` and of `api`, which needs it.
pub(crate) fn deployment(text: &str) -> DeploymentView {
    DeploymentView {
        id: id(text),
        plan: plan_id(),
        kind: PlanKind::Deploy,
        app: app(),
        environment: production(),
        state: DeploymentState::Running,
        started_us: STARTED_US,
        ended_us: None,
        returning_since_us: None,
        by: "mira".to_owned(),
        rollouts: BTreeMap::from([
            (service("auth"), rollout(2, &[])),
            (service("api"), rollout(1, &["auth"])),
        ]),
        sequence: 1,
        poisoned: None,
        not_renamed: None,
        score: None,
        held: None,
        by_hand: false,
        because: Vec::new(),
        said: Vec::new(),
    }
}

/// A record of a decision.
pub(crate) fn judgement() -> Judgement {
    Judgement {
        share: Percent::try_from(25).expect("a share"),
        verdict: Verdict::Pass,
        words: "0.42 % against 0.40 % beside it: no difference shown; 12,400 requests; a \
                doubling would have been seen"
            .to_owned(),
        stable: Tally {
            requests: 9_300,
            errors: 37,
        },
        candidate: Tally {
            requests: 3_100,
            errors: 13,
        },
        here: 12_400,
        at_least: Measure::nearest(0.521),
        at_most: Measure::nearest(1.944),
        evidence: Measure::nearest(0.31),
        needed: Measure::nearest(4.605),
        visible: None,
        more_requests: Some(0),
        not_watched: vec![Trigger::DEFAULTS[2].clone().into()],
        rising: Vec::new(),
        unanswered: false,
        read: BTreeSet::new(),
        unread: BTreeMap::from([(
            "metric login_failures".to_owned(),
            "no answer in 15s".to_owned(),
        )]),
    }
}

/// What a person let a service go past.
pub(crate) fn past() -> Past {
    Past {
        by: "mira".to_owned(),
        at: percent(25),
        bake: Millis::from_secs(18),
        steps: vec![percent(50)],
        scores: Vec::new(),
        evidence: Some(Lacking {
            verdict: Verdict::Inconclusive,
            more_requests: Some(1_200),
        }),
    }
}

/// A gate that a person let go before anything moved.
pub(crate) fn let_go() -> LetGo {
    let points = Measure::nearest(80.0);
    LetGo {
        by: "mira".to_owned(),
        at_us: at(1_000),
        gate: ScoreGate {
            at_least: 85,
            step: None,
        },
        score: Some(ScoreSummary {
            at_us: at(0),
            low: points,
            high: points,
            band: None,
            permit: None,
            lost: Vec::new(),
        }),
    }
}

/// Evidence that a step of a service waits for, or is held for.
pub(crate) fn lacking(waits: bool) -> EvidenceView {
    EvidenceView {
        verdict: Verdict::Inconclusive,
        more_requests: Some(1_200),
        at: percent(25),
        waits,
    }
}

/// The hold of an analysis.
pub(crate) fn hold() -> HeldView {
    HeldView {
        by: "the analysis of auth (inconclusive)".to_owned(),
        since_us: at(40_000),
    }
}

/// The deployment when it has ended.
pub(crate) fn ended(outcome: Outcome) -> DeploymentView {
    let mut view = deployment("dep_01k0a");
    view.state = DeploymentState::Ended(outcome);
    view.ended_us = Some(at(41_260));
    for part in view.rollouts.values_mut() {
        part.waits_for.clear();
        if outcome == Outcome::Promoted {
            part.phase = RolloutPhase::Done;
            part.weight = Percent::FULL;
            part.ready = part.wanted;
        } else {
            part.phase = RolloutPhase::Returned;
        }
    }
    view
}

/// What `deployment` leaves of a standby.
pub(crate) fn kept(finalize: Finalize) -> StandbyKept {
    StandbyKept {
        by: id("dep_01k0a"),
        finalize,
    }
}

/// A deployment that runs.
pub(crate) fn lock() -> LockView {
    LockView {
        deployment: id("dep_01k0b"),
        by: "mira".to_owned(),
        since_us: STARTED_US,
        reason: "rolls out api".to_owned(),
        state: DeploymentState::Running,
        held: None,
        evidence: BTreeMap::new(),
    }
}

fn slot_view(number: u32, label: Label, text: &str, share: u64, states: &[&str]) -> SlotView {
    SlotView {
        slot: SlotId(number),
        label,
        version: version(text),
        artefact: None,
        weight: Some(percent(share)),
        in_flight: Some(0),
        script: false,
        instances: states
            .iter()
            .enumerate()
            .map(|(index, state)| InstanceView {
                id: instance(&format!("{number}{index}")),
                address: ([127, 0, 0, 1], 20000).into(),
                state: (*state).to_owned(),
                pid: None,
                restarts: 0,
                trouble: None,
            })
            .collect(),
    }
}

/// An environment in which `auth` and `api` run, with a standby, and a worker without `listen`.
pub(crate) fn environment() -> EnvironmentView {
    let served = |port: u16, stable, standby| ServiceView {
        listen: vec![SocketAddr::from(([127, 0, 0, 1], port)).into()],
        stable: Some(stable),
        candidate: None,
        standby,
        standby_kept: None,
        failed: None,
        failed_kept_by: None,
        down: None,
        restarted: None,
        goes_back_to: None,
    };
    let mut worker = slot_view(4, Label::Blue, "7", 0, &["running"]);
    worker.weight = None;
    EnvironmentView {
        app: app(),
        environment: production(),
        revision: 4,
        folder: "/srv/shop".to_owned(),
        deployment: None,
        lock: None,
        halted: None,
        router_silent: None,
        router: None,
        services: BTreeMap::from([
            (
                service("auth"),
                served(
                    8082,
                    slot_view(2, Label::Green, "1.4.2", 100, &["running", "exited 1"]),
                    Some(slot_view(1, Label::Blue, "1.4.1", 0, &["running"])),
                ),
            ),
            (
                service("api"),
                served(
                    8081,
                    slot_view(1, Label::Blue, "1.4.2", 100, &["running"]),
                    None,
                ),
            ),
            (
                service("worker"),
                ServiceView {
                    listen: Vec::new(),
                    stable: Some(worker),
                    candidate: None,
                    standby: None,
                    standby_kept: None,
                    failed: None,
                    failed_kept_by: None,
                    down: None,
                    restarted: None,
                    goes_back_to: None,
                },
            ),
        ]),
    }
}
