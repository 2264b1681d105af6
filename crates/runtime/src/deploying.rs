//! Beginning deployments: now, when the lock is free, or in place of what runs.

use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use windlass_api::{PlanView, Problem};
use windlass_engine::deployment::Command;
use windlass_model::{DeploymentId, DeploymentState, Millis, PlanKind};

use crate::controller::Shared;
use crate::drive::Input;
use crate::handle::{From, Reply, Terms, When};
use crate::queue::{Place, Ticket};
use crate::{opening, planning, problems};

/// What is asked for.
pub(crate) struct Ask {
    pub(crate) from: From,
    pub(crate) terms: Terms,
}

/// The deployment, if there is anything to do, and its plan.
pub(crate) type Begun = (Option<DeploymentId>, PlanView);

/// Begins a deployment and answers.
pub(crate) async fn deploy(shared: &Rc<Shared>, ask: Ask, when: When, reply: Reply<Begun>) {
    let answer = match when {
        When::Now => {
            // Changes are begun one after the other; looking and commands run beside them.
            let _changing = shared.changing.lock().await;
            begin(shared, ask).await
        }
        When::Wait(_) | When::Supersede => in_turn(shared, ask, when, &reply).await,
    };
    // Whoever asked may have left; the deployment goes on.
    let _left = reply.send(answer).is_err();
}

async fn begin(shared: &Rc<Shared>, ask: Ask) -> Result<Begun, Problem> {
    shared.refuse_changes()?;
    let planned = match ask.from {
        From::File(wanted) => {
            // Refused before anything is copied.
            planning::refuse_locked(shared, &wanted.spec.app, &wanted.spec.environment)?;
            planning::plan(shared, &wanted, ask.terms.may_move).await?
        }
        From::Plan(id) => planning::stored(shared, &id).await?,
        From::Retry(id) => planning::retried(shared, &id).await?,
    };
    planning::refuse_locked(shared, &planned.plan.app, &planned.plan.environment)?;
    if planned.nothing_to_do {
        opening::note_folder(shared, &planned.plan).await?;
        return Ok((None, planned));
    }
    let id = opening::begin(shared, &planned.plan, ask.terms).await?;
    Ok((Some(id), planned))
}

/// Waits for the lock without keeping anybody else from anything, then plans on what is stable then.
async fn in_turn(
    shared: &Rc<Shared>,
    ask: Ask,
    when: When,
    reply: &Reply<Begun>,
) -> Result<Begun, Problem> {
    let place = planning::place(shared, &ask.from).await?;
    let clock = &shared.border.clock;
    let (limit, urgent) = match when {
        When::Wait(limit) => (Some(limit), false),
        When::Now | When::Supersede => (None, true),
    };
    let until = limit.map(|limit| (limit, clock.work().plus(limit)));
    let ticket = shared.queues.enter(&place, urgent)?;
    loop {
        let change = ticket.change();
        shared.refuse_changes()?;
        if reply.is_canceled() {
            // Nobody waits for it any more, and it has not begun.
            return Err(problems::stopping());
        }
        match lock(shared, &place) {
            None if ticket.is_first() => {
                let _changing = shared.changing.lock().await;
                if lock(shared, &place).is_none() {
                    return begin(shared, ask).await;
                }
                continue;
            }
            Some(holder) if urgent => supersede(shared, &holder, &ask.terms.by).await?,
            Some(_) | None => {}
        }
        wait(shared, &ticket, change, until).await?;
    }
}

fn lock(shared: &Rc<Shared>, (app, environment): &Place) -> Option<DeploymentId> {
    shared.environment(app, environment).lock
}

async fn wait(
    shared: &Rc<Shared>,
    ticket: &Ticket<'_>,
    change: oneshot::Receiver<()>,
    until: Option<(Millis, Millis)>,
) -> Result<(), Problem> {
    let clock = &shared.border.clock;
    let Some((limit, until)) = until else {
        let _changed = change.await.is_ok();
        return Ok(());
    };
    let left = until.less(clock.work());
    if left > Millis::ZERO
        && let Either::Left(_changed) = select(change, clock.sleep(left)).await
    {
        return Ok(());
    }
    let holder = lock(shared, ticket.place());
    Err(problems::waited(limit, holder.as_ref()))
}

/// Takes back what runs. One that is past its commit point, or goes back already, only has to end.
async fn supersede(shared: &Rc<Shared>, holder: &DeploymentId, by: &str) -> Result<(), Problem> {
    if shared.poisoned.borrow().contains_key(holder) {
        return Err(problems::in_the_way(holder));
    }
    let driven = shared.running.borrow().get(holder).cloned();
    let Some(driven) = driven else {
        return Ok(());
    };
    let (state, kind) = {
        let now = driven.now.borrow();
        (now.state(), now.plan.kind)
    };
    match (state, kind) {
        (DeploymentState::Stuck, _) => return Err(problems::in_the_way(holder)),
        // There is nothing to go back to from a way back.
        (_, PlanKind::Rollback)
        | (
            DeploymentState::Returning | DeploymentState::Settling | DeploymentState::Ended(_),
            PlanKind::Deploy | PlanKind::Remove,
        ) => return Ok(()),
        (DeploymentState::Running | DeploymentState::Held, PlanKind::Deploy | PlanKind::Remove) => {
        }
    }
    let (reply, answer) = oneshot::channel();
    let input = Input::Command {
        command: Command::Supersede,
        by: by.to_owned(),
        reply,
    };
    driven.inbox.send(input).await;
    // Whatever became of it meanwhile: the lock tells when it is over.
    let _told = answer.await.is_ok();
    Ok(())
}
