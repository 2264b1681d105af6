//! Deployments as clients see them.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_analysis::score::beyond_reach;
use windlass_api::{
    DeploymentScore, DeploymentView, EvidenceView, Novelty, Problem, ReportedView, RolloutView,
    StepScoreView,
};
use windlass_edge::{JournalEntry, OpenDeployment, StoredDeployment};
use windlass_engine::deployment::{Deployment, Names};
use windlass_engine::rollout::{Awaiting, Phase, Rollout, Said};
use windlass_model::{
    BeyondReach, DeploymentId, DeploymentState, Fact, Instance, InstanceId, Job, Millis, Outcome,
    Percent, RolloutPhase, ScoreSummary, ServiceName,
};

use crate::controller::Shared;
use crate::{because, brought, gates, holder, problems, programs, readiness, recover, timers};

/// One deployment, running or not, from the journal.
pub(crate) async fn stored(
    shared: &Rc<Shared>,
    id: &DeploymentId,
) -> Result<DeploymentView, Problem> {
    let found = shared
        .border
        .store
        .deployment(id)
        .await
        .map_err(|e| problems::store(&e))?;
    let open = found.ok_or_else(|| problems::unknown_deployment(id))?;
    let mut view = view(shared, &open)?;
    readiness::name_processes(shared, &mut view).await;
    Ok(view)
}

fn view(shared: &Shared, open: &OpenDeployment) -> Result<DeploymentView, Problem> {
    let id = &open.deployment.id;
    let (deployment, _) = recover::rebuild(open).map_err(|why| problems::unreadable(id, &why))?;
    let sequence = open.entries.last().map_or(0, |entry| entry.sequence);
    let driven = shared.running.borrow().get(id).cloned();
    let left = |part: &Rollout| timers::left(shared, driven.as_ref(), part);
    let parts = parts(&deployment, &left);
    let mut view = render(&open.deployment, &deployment, sequence);
    view.rollouts = parts;
    // A score that is too low holds it for nobody.
    if deployment.held && view.state == DeploymentState::Held {
        view.held = holder::holder(&open.entries);
    }
    let programs = programs::noted(&open.entries);
    for (service, part) in &mut view.rollouts {
        let planned = open.deployment.plan.rollouts.get(service);
        part.new = planned.map_or_else(Vec::new, |it| Novelty::of(service, it, programs));
        let rollout = deployment.rollouts.get(service);
        part.not_ready = rollout.and_then(|it| readiness::not_ready(it, &open.entries));
    }
    view.poisoned.clone_from(&open.poisoned);
    if let Some(score) = &mut view.score {
        score.shut_since_us = gates::shut_since(&open.entries, &score.shut);
        score.let_go = gates::let_go(&open.entries);
    }
    view.returning_since_us = (view.state == DeploymentState::Returning)
        .then(|| returning_since(&open.entries))
        .flatten();
    view.by_hand = was_let_on(&view);
    view.because = because::because(&open.entries);
    view.said = because::said(&open.entries);
    Ok(view)
}

/// When the first of its services turned round.
fn returning_since(rows: &[JournalEntry]) -> Option<i64> {
    let turns = |fact: &Fact| {
        matches!(
            fact,
            Fact::PhaseEntered {
                phase: RolloutPhase::Returning,
                ..
            }
        )
    };
    let turned = rows.iter().find(|row| row.facts.iter().any(turns));
    turned.map(|row| row.at_us)
}

/// Whether a person let it go past anything.
fn was_let_on(view: &DeploymentView) -> bool {
    let mut parts = view.rollouts.values();
    let mut scores = view.score.iter();
    parts.any(|part| !part.past.is_empty()) || scores.any(|score| !score.let_go.is_empty())
}

/// Deployments among which the beginning of a page is looked for: more than are ever kept.
const BEFORE_MAX: u32 = 1_000;

/// Deployments that began before one, newest first. None before one that is forgotten: those that
/// were older went before it.
pub(crate) async fn list(
    shared: &Rc<Shared>,
    limit: u32,
    before: Option<&DeploymentId>,
) -> Result<Vec<DeploymentView>, Problem> {
    let store = &shared.border.store;
    let looked_at = before.map_or(limit, |_| BEFORE_MAX);
    let mut all = store
        .deployments(looked_at)
        .await
        .map_err(|e| problems::store(&e))?;
    if let Some(before) = before {
        let found = all.iter().position(|stored| stored.id == *before);
        all.drain(..found.map_or(all.len(), |at| at + 1));
        all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    let mut views = Vec::new();
    for stored in all {
        let found = store
            .deployment(&stored.id)
            .await
            .map_err(|e| problems::store(&e))?;
        if let Some(open) = found {
            // One that can't be read harms no other.
            views.push(view(shared, &open).unwrap_or_else(|why| unread(&open, &why)));
        }
    }
    Ok(views)
}

/// A deployment of which only its beginning is left.
fn unread(open: &OpenDeployment, why: &Problem) -> DeploymentView {
    let stored = &open.deployment;
    DeploymentView {
        id: stored.id.clone(),
        plan: stored.plan.id.clone(),
        app: stored.plan.app.clone(),
        environment: stored.plan.environment.clone(),
        state: if stored.ended_us.is_some() {
            DeploymentState::Ended(Outcome::Abandoned)
        } else {
            DeploymentState::Stuck
        },
        kind: stored.plan.kind,
        started_us: stored.started_us,
        ended_us: stored.ended_us,
        returning_since_us: None,
        by: stored.by.clone(),
        rollouts: BTreeMap::new(),
        sequence: open.entries.last().map_or(0, |entry| entry.sequence),
        not_renamed: None,
        score: None,
        held: None,
        by_hand: false,
        because: Vec::new(),
        said: Vec::new(),
        poisoned: Some(why.detail.clone().unwrap_or_else(|| why.title.clone())),
    }
}

fn render(stored: &StoredDeployment, now: &Deployment, sequence: u64) -> DeploymentView {
    DeploymentView {
        id: stored.id.clone(),
        plan: stored.plan.id.clone(),
        kind: stored.plan.kind,
        app: stored.plan.app.clone(),
        environment: stored.plan.environment.clone(),
        // Its history was lost: it was given up as it was.
        state: if stored.ended_us.is_some() && !now.is_ended() {
            DeploymentState::Ended(Outcome::Abandoned)
        } else {
            now.state()
        },
        started_us: stored.started_us,
        ended_us: stored.ended_us,
        returning_since_us: None,
        by: stored.by.clone(),
        rollouts: BTreeMap::new(),
        sequence,
        poisoned: None,
        held: None,
        by_hand: false,
        because: Vec::new(),
        said: Vec::new(),
        not_renamed: match &now.names {
            Names::Stuck(saw) => Some(saw.clone()),
            Names::Changing | Names::Known => None,
        },
        score: score(now),
    }
}

fn score(now: &Deployment) -> Option<DeploymentScore> {
    let scores = &now.scores;
    let plain = |found: &Option<Box<ScoreSummary>>| found.as_deref().cloned();
    (!now.plan.score.is_empty()).then(|| DeploymentScore {
        needed: now.score_before(),
        before: plain(&scores.before),
        after: plain(&scores.after),
        shut: now.shut_gates(),
        shut_since_us: None,
        beyond_reach: beyond_reach_of(now),
        let_go: Vec::new(),
    })
}

/// What the gate before anything moves asks of services that it keeps from running.
fn beyond_reach_of(now: &Deployment) -> Option<BeyondReach> {
    let mut shut = now.shut_gates().into_iter();
    let gate = shut.find(|gate| gate.step.is_none())?;
    let runs = |service: &ServiceName| {
        let rollout = now.rollouts.get(service);
        rollout.is_none_or(|rollout| rollout.plan.stable.is_some())
    };
    beyond_reach(&now.plan.score, gate.at_least, runs)
}

fn step_score(rollout: &Rollout) -> Option<StepScoreView> {
    let need = rollout.score_need()?;
    matches!(rollout.phase, Phase::Baking { .. }).then(|| StepScoreView {
        need,
        measured: rollout.score.last.as_deref().cloned(),
        is_shut: rollout.is_shut(),
    })
}

/// Its parts as clients see them, with what `left` says of the time of each.
pub(crate) fn parts(
    now: &Deployment,
    left: &dyn Fn(&Rollout) -> Option<Millis>,
) -> BTreeMap<ServiceName, RolloutView> {
    let all = now.rollouts.iter();
    let all = all.map(|(service, rollout)| {
        let part = RolloutView {
            remaining_ms: left(rollout).map(Millis::as_millis),
            ..part(now, rollout)
        };
        (service.clone(), part)
    });
    all.collect()
}

/// What the runs of its command have said, if they have.
fn reported(said: &Said) -> Option<ReportedView> {
    if *said == Said::default() {
        return None;
    }
    Some(ReportedView {
        phase: said.phase.clone(),
        progress: said.progress,
        metrics: said.metrics.clone(),
    })
}

/// What its present step waits for, once its time is over, or is held for.
fn evidence(rollout: &Rollout) -> Option<EvidenceView> {
    let bakes = matches!(rollout.phase, Phase::Baking { .. });
    let waits = bakes && matches!(rollout.awaiting, Awaiting::Evidence { .. });
    (waits || rollout.missed().is_some()).then(|| EvidenceView {
        verdict: rollout.verdict(),
        more_requests: rollout.more_requests(),
        at: rollout.weight,
        waits,
    })
}

/// What of its script each instance runs.
fn jobs(rollout: &Rollout) -> BTreeMap<InstanceId, Job> {
    let of = |instances: &[Instance], back: bool| {
        let job = rollout.run(back).map(|(run, _)| run.job);
        let all = instances.iter().map(|one| Some((one.id.clone(), job?)));
        all.flatten().collect::<Vec<_>>()
    };
    let forward = of(&rollout.candidate.instances, false).into_iter();
    forward.chain(of(&rollout.back, true)).collect()
}

fn part(now: &Deployment, rollout: &Rollout) -> RolloutView {
    let fresh = rollout.fresh();
    // What went back was stopped, however ready it was, unless it was kept for a look.
    let is_gone = rollout.phase == Phase::Returned && !rollout.leaves_failed();
    let answers = |i: &&&Instance| !is_gone && rollout.health.ready.contains(&i.id);
    let ready = fresh.iter().filter(answers).count();
    let waits_for = if rollout.phase == Phase::Waiting {
        let unpassed = rollout.plan.needs.iter().filter(|need| {
            now.rollouts
                .get(*need)
                .is_some_and(|r| r.phase != Phase::Passed)
        });
        unpassed.cloned().collect()
    } else {
        Vec::new()
    };
    let stuck_because = match &rollout.phase {
        Phase::Stuck(why) => Some(why.clone()),
        Phase::Waiting
        | Phase::Clearing(_)
        | Phase::StoppingOld(_)
        | Phase::Starting { .. }
        | Phase::Holding
        | Phase::Shifting { .. }
        | Phase::Baking { .. }
        | Phase::Passed
        | Phase::Settling(_)
        | Phase::Done
        | Phase::Returning(_)
        | Phase::Returned => None,
    };
    RolloutView {
        evidence: evidence(rollout),
        score: step_score(rollout),
        judgement: rollout.judgement.clone(),
        last_lines: rollout.health.last_lines.clone(),
        killed: rollout.health.killed.clone(),
        jobs: jobs(rollout),
        past: rollout.past.clone(),
        phase: rollout.shown(),
        from: rollout.old().map(|old| old.release.version.clone()),
        to: rollout.candidate.release.version.clone(),
        artefact: Some(rollout.candidate.release.artefact.clone()),
        weight: if rollout.plan.spec.listen.is_some() {
            rollout.weight
        } else {
            Percent::ZERO
        },
        ready: u16::try_from(ready).unwrap_or(u16::MAX),
        wanted: u16::try_from(fresh.len()).unwrap_or(u16::MAX),
        remaining_ms: None,
        waits_for,
        not_ready: None,
        returned_because: rollout.returned_because.clone(),
        stuck_because,
        reported: reported(&rollout.said),
        brought: brought::brought(now, rollout),
        new: Vec::new(),
    }
}
