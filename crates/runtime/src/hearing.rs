//! What the runs of commands say, and what they are told when they ask.

use std::cell::Cell;
use std::rc::Rc;

use futures_channel::oneshot;
use windlass_api::{Problem, ReportAnswer, RunView};
use windlass_edge::{EdgeError, RunAt};
use windlass_engine::deployment::{Deployment, Event};
use windlass_engine::rollout::{Phase, Return, Rollout, Stage};
use windlass_model::{DeploymentId, Instance, Millis, Report, ServiceName};

use crate::controller::Shared;
use crate::drive::{Driven, Input};
use crate::handle::Reply;
use crate::{problems, timers, views};

/// Reports that may wait for the journal at one time; more are refused as busy. So a disk that is
/// full is not talked over.
const WAITING: usize = 32;

/// Time between two tries to listen where a run was told that somebody does.
const LISTEN_AGAIN: Millis = Millis::from_secs(3);

/// How many wait.
#[derive(Default)]
pub(crate) struct Hearing {
    waiting: Rc<Cell<usize>>,
}

/// One place among those that may wait.
struct Place(Rc<Cell<usize>>);

impl Hearing {
    fn place(&self) -> Result<Place, Problem> {
        if self.waiting.get() >= WAITING {
            return Err(problems::busy());
        }
        self.waiting.set(self.waiting.get() + 1);
        Ok(Place(Rc::clone(&self.waiting)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// What the run of a command asks of the controller.
pub(crate) enum OfRun {
    /// To be heard.
    Report {
        id: DeploymentId,
        service: ServiceName,
        reports: Vec<Report>,
        reply: Reply<ReportAnswer>,
    },
    /// How its deployment is.
    Look {
        id: DeploymentId,
        service: ServiceName,
        reply: Reply<RunView>,
    },
}

/// Answers a run. Whether it has left already.
pub(crate) async fn answer(shared: &Rc<Shared>, asked: OfRun) -> bool {
    match asked {
        OfRun::Report {
            id,
            service,
            reports,
            reply,
        } => reply
            .send(hear(shared, &id, &service, reports).await)
            .is_err(),
        OfRun::Look { id, service, reply } => reply.send(look(shared, &id, &service)).is_err(),
    }
}

/// The deployment of a run that may speak.
fn speaker(shared: &Shared, id: &DeploymentId, service: &ServiceName) -> Result<Driven, Problem> {
    shared.refuse_lost()?;
    let driven = shared.running.borrow().get(id).cloned();
    let driven = driven.filter(|driven| {
        let now = driven.now.borrow();
        now.rollouts.get(service).is_some_and(Rollout::may_speak)
    });
    driven.ok_or_else(|| problems::not_heard(id, service))
}

/// Takes what a run says; returns once it is journalled.
async fn hear(
    shared: &Rc<Shared>,
    id: &DeploymentId,
    service: &ServiceName,
    reports: Vec<Report>,
) -> Result<ReportAnswer, Problem> {
    let driven = speaker(shared, id, service)?;
    let _place = shared.hearing.place()?;
    let kept = {
        let now = driven.now.borrow();
        let said = now.rollouts.get(service).map(|rollout| &rollout.said);
        said.is_some_and(|said| reports.iter().all(|report| said.has_room_for(report)))
    };
    let (reply, answer) = oneshot::channel();
    let event = Event::Reported {
        service: service.clone(),
        reports,
    };
    driven.inbox.send(Input::Reported { event, reply }).await;
    match answer.await {
        Ok(answer) => answer.map(|()| ReportAnswer { kept }),
        // Its loop has ended meanwhile.
        Err(_ended) => Err(problems::not_heard(id, service)),
    }
}

/// How the deployment of a run is, and whether the run is still wanted.
fn look(shared: &Rc<Shared>, id: &DeploymentId, service: &ServiceName) -> Result<RunView, Problem> {
    let driven = speaker(shared, id, service)?;
    let now = driven.now.borrow();
    let left = |part: &Rollout| timers::left(shared, Some(&driven), part);
    let wanted = now.rollouts.get(service).is_some_and(is_wanted);
    Ok(RunView {
        deployment: id.clone(),
        service: service.clone(),
        wanted,
        state: now.state(),
        halted: shared.border.brake.halted().is_some(),
        rollouts: views::parts(&now, &left),
    })
}

/// Whether what its command does now should go on: not while it is being ended to go back.
fn is_wanted(rollout: &Rollout) -> bool {
    match &rollout.phase {
        Phase::Returning(Return { stage, .. }) => match stage {
            Stage::Restarting => true,
            Stage::Turn
            | Stage::Capacity
            | Stage::Routing { .. }
            | Stage::Draining
            | Stage::Stopping { .. }
            | Stage::Ending { .. }
            | Stage::Finishing { .. } => false,
        },
        Phase::Returned | Phase::Stuck(_) | Phase::Starting { late: Some(_), .. } => false,
        Phase::Waiting
        | Phase::Clearing(_)
        | Phase::StoppingOld(_)
        | Phase::Starting { late: None, .. }
        | Phase::Holding
        | Phase::Shifting { .. }
        | Phase::Baking { .. }
        | Phase::Passed
        | Phase::Settling(_)
        | Phase::Done => true,
    }
}

/// Listens again for the runs of a deployment that an earlier controller has started.
pub(crate) async fn again(shared: Rc<Shared>, driven: Driven) {
    let runs = started(&driven.now.borrow());
    for run in runs {
        if let Err(error) = shared.border.reception.open(&run).await {
            unheard(&shared, run, &error).await;
        }
    }
}

fn started(deployment: &Deployment) -> Vec<RunAt> {
    let commands = deployment.rollouts.values().filter(|r| r.may_speak());
    let runs = commands.flat_map(|rollout| {
        let all = rollout.candidate.instances.iter().chain(&rollout.back);
        let begun = all.filter(|i: &&Instance| rollout.health.started.contains(&i.id));
        begun.map(|instance| RunAt {
            deployment: deployment.id.clone(),
            service: rollout.service.clone(),
            address: instance.address,
        })
    });
    runs.collect()
}

/// A run goes on with an address at which nobody listens: those who look are told why it is silent, and
/// that address is tried again until its deployment has ended.
pub(crate) async fn unheard(shared: &Rc<Shared>, run: RunAt, error: &EdgeError) {
    let why = error.chain();
    tracing::warn!("what {} reports is lost: {why}", run.service);
    tell(shared, &run, Some(why)).await;
    let shared = Rc::clone(shared);
    let spawner = Rc::clone(&shared.border.spawner);
    spawner.spawn(Box::pin(listen_again(shared, run)));
}

async fn listen_again(shared: Rc<Shared>, run: RunAt) {
    let may_speak = || speaker(&shared, &run.deployment, &run.service).is_ok();
    loop {
        shared.border.clock.sleep(LISTEN_AGAIN).await;
        if !may_speak() {
            return;
        }
        if shared.border.reception.open(&run).await.is_err() {
            continue;
        }
        if may_speak() {
            tell(&shared, &run, None).await;
        } else {
            // It ended just now.
            shared.border.reception.close(&run.deployment);
        }
        return;
    }
}

async fn tell(shared: &Shared, run: &RunAt, lost: Option<String>) {
    let driven = shared.running.borrow().get(&run.deployment).cloned();
    if let Some(driven) = driven {
        let service = run.service.clone();
        let event = Event::Heard { service, lost };
        driven.inbox.send(Input::Event(event)).await;
    }
}
