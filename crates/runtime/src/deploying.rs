//! Beginning deployments: now, when the lock is free, or in place of what runs.

use std::collections::BTreeMap;
use std::future::pending;
use std::pin::pin;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use windlass_api::{KEYS_KEPT, PlanView, Problem};
use windlass_engine::deployment::Command;
use windlass_model::{DeploymentId, DeploymentState, Millis, PlanKind};

use crate::ahead::Ahead;
use crate::because::Signed;
use crate::controller::Shared;
use crate::drive::{Driven, Input};
use crate::handle::{From, Reply, Terms, When};
use crate::queue::{Place, Ticket};
use crate::{opening, planning, problems, rousing, scorer, startable};

/// What is asked for.
pub(crate) struct Ask {
    pub(crate) from: From,
    pub(crate) terms: Terms,
    /// Told when whoever asked takes it back; cancelled when they have left.
    pub(crate) withdrawal: oneshot::Receiver<()>,
}

impl Ask {
    /// Whether it was taken back.
    fn is_withdrawn(&mut self) -> bool {
        matches!(self.withdrawal.try_recv(), Ok(Some(())))
    }

    /// Whether anybody still waits for it.
    fn is_waited_for(&mut self) -> bool {
        matches!(self.withdrawal.try_recv(), Ok(None))
    }
}

/// The deployment, if there is anything to do, and its plan.
pub(crate) type Begun = (Option<DeploymentId>, PlanView);

/// Begins a deployment and answers. Whoever only leaves has one begin that need not wait; one that is
/// taken back, or that waits for somebody who has left, does not begin.
pub(crate) async fn deploy(shared: &Rc<Shared>, ask: Ask, when: When, reply: Reply<Begun>) {
    let answer = match when {
        When::Now => {
            let ahead = Ahead::look(shared, &ask).await;
            // Changes are begun one after the other; looking and commands run beside them.
            let _changing = shared.changing.lock().await;
            begin(shared, ask, ahead).await
        }
        When::Wait(_) | When::Supersede => in_turn(shared, ask, when).await,
    };
    let answer = match answer {
        Ok((id, plan)) => Ok((id, startable::looked_at(shared, plan).await)),
        Err(problem) => Err(problem),
    };
    // Whoever asked may have left; the deployment goes on.
    let _left = reply.send(answer).is_err();
}

/// What a deployment from there would do.
pub(crate) async fn planned(
    shared: &Rc<Shared>,
    from: &From,
    may_move: bool,
) -> Result<PlanView, Problem> {
    match from {
        From::File(wanted) => planning::plan(shared, wanted, may_move).await,
        From::Plan(id) => planning::stored(shared, id).await,
        From::Retry(id) => planning::retried(shared, id).await,
    }
}

async fn begin(shared: &Rc<Shared>, mut ask: Ask, ahead: Option<Ahead>) -> Result<Begun, Problem> {
    shared.refuse_changes()?;
    if let Some(begun) = begun_before(shared, &ask.terms).await? {
        return Ok(begun);
    }
    if let From::File(wanted) = &ask.from {
        // Refused before anything is copied.
        planning::refuse_locked(shared, &wanted.spec.app, &wanted.spec.environment).await?;
    }
    let still = match ahead {
        Some(ahead) => ahead.still(shared).await,
        None => None,
    };
    let (planned, programs) = match still {
        Some(still) => still,
        None => (
            planned(shared, &ask.from, ask.terms.may_move).await?,
            // Looking takes its time on a slow disk, and decides nothing.
            None,
        ),
    };
    planning::refuse_locked(shared, &planned.plan.app, &planned.plan.environment).await?;
    if planned.nothing_to_do {
        opening::note_folder(shared, &planned.plan).await?;
        rousing::rouse(shared, &planned.plan).await;
        return Ok((None, planned));
    }
    // Copying releases takes its time.
    if ask.is_withdrawn() {
        return Err(problems::stopping());
    }
    let id = opening::begin(shared, &planned.plan, ask.terms, programs).await?;
    Ok((Some(id), planned))
}

/// What was begun for the very same request, by this controller or by one before it: its answer was
/// lost.
pub(crate) async fn begun_before(
    shared: &Rc<Shared>,
    terms: &Terms,
) -> Result<Option<Begun>, Problem> {
    let Some(asked_as) = &terms.asked_as else {
        return Ok(None);
    };
    let found = shared.border.store.asked(asked_as).await;
    let found = found.map_err(|e| problems::store(&e))?;
    let now_us = shared.border.clock.calendar_us();
    let kept_us = i64::try_from(KEYS_KEPT.as_micros()).unwrap_or(i64::MAX);
    let fresh = found.filter(|it| now_us.saturating_sub(it.started_us) < kept_us);
    Ok(fresh.map(|it| {
        let plan = PlanView {
            plan: it.plan,
            nothing_to_do: false,
            down: BTreeMap::new(),
            risk: None,
            takes: None,
            no_start: BTreeMap::new(),
            went_back: BTreeMap::new(),
            programs: BTreeMap::new(),
            new: BTreeMap::new(),
        };
        (Some(it.id), plan)
    }))
}

/// Waits for the lock without keeping anybody else from anything, then plans on what is stable then.
async fn in_turn(shared: &Rc<Shared>, mut ask: Ask, when: When) -> Result<Begun, Problem> {
    // It would wait for itself.
    if let Some(begun) = begun_before(shared, &ask.terms).await? {
        return Ok(begun);
    }
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
        ticket.refuse_dismissed()?;
        scorer::give_up(shared, &place.0, &place.1).await;
        match lock(shared, &place) {
            None if ticket.is_first() => {
                let ahead = Ahead::look(shared, &ask).await;
                let _changing = shared.changing.lock().await;
                ticket.refuse_dismissed()?;
                if !ask.is_waited_for() {
                    return Err(problems::stopping());
                }
                if lock(shared, &place).is_none() {
                    return begin(shared, ask, ahead).await;
                }
                continue;
            }
            Some(holder) if urgent => supersede(shared, &holder, (&ask.terms).into()).await?,
            Some(_) | None => {}
        }
        let turn = Turn {
            ticket: &ticket,
            change,
            withdrawal: &mut ask.withdrawal,
        };
        turn.comes(shared, until).await?;
    }
}

fn lock(shared: &Rc<Shared>, (app, environment): &Place) -> Option<DeploymentId> {
    shared.environment(app, environment).lock
}

/// What may end one wait.
struct Turn<'t, 'q> {
    ticket: &'t Ticket<'q>,
    change: oneshot::Receiver<()>,
    withdrawal: &'t mut oneshot::Receiver<()>,
}

impl Turn<'_, '_> {
    /// Returns once something has changed.
    ///
    /// # Errors
    /// The time is over, or nobody waits any more.
    async fn comes(
        self,
        shared: &Rc<Shared>,
        until: Option<(Millis, Millis)>,
    ) -> Result<(), Problem> {
        let clock = &shared.border.clock;
        let over = async {
            match until {
                Some((limit, until)) => {
                    let left = until.less(clock.work());
                    if left > Millis::ZERO {
                        clock.sleep(left).await;
                    }
                    limit
                }
                None => pending().await,
            }
        };
        let over = pin!(over);
        // What changes at the very end of the time changes nothing any more.
        let ended = select(over, self.withdrawal);
        match select(ended, self.change).await {
            Either::Right((_changed, _)) => Ok(()),
            Either::Left((Either::Right((_left, _)), _)) => Err(problems::stopping()),
            Either::Left((Either::Left((limit, _)), _)) => {
                let holder = lock(shared, self.ticket.place());
                Err(problems::waited(shared, limit, holder.as_ref()))
            }
        }
    }
}

/// Refuses to take the place of what only a person can end.
pub(crate) fn refuse_in_the_way(shared: &Shared, holder: &DeploymentId) -> Result<(), Problem> {
    let running = shared.running.borrow();
    let stuck = running.get(holder).is_some_and(Driven::is_stuck);
    if stuck || shared.poisoned.borrow().contains_key(holder) {
        return Err(problems::in_the_way(holder));
    }
    Ok(())
}

/// The holder of the lock, if it would be aborted by what supersedes it, and is not only waited for.
pub(crate) fn would_abort(shared: &Shared, holder: &DeploymentId) -> Option<Driven> {
    let driven = shared.running.borrow().get(holder).cloned()?;
    let (state, kind) = {
        let now = driven.now.borrow();
        (now.state(), now.plan.kind)
    };
    let aborts = match (state, kind) {
        // There is nothing to go back to from a way back.
        (_, PlanKind::Rollback)
        | (
            DeploymentState::Returning
            | DeploymentState::Settling
            | DeploymentState::Stuck
            | DeploymentState::Ended(_),
            PlanKind::Deploy | PlanKind::Remove,
        ) => false,
        (DeploymentState::Running | DeploymentState::Held, PlanKind::Deploy | PlanKind::Remove) => {
            true
        }
    };
    aborts.then_some(driven)
}

/// Takes back what runs. One that is past its commit point, or goes back already, only has to end.
async fn supersede(shared: &Rc<Shared>, holder: &DeploymentId, by: Signed) -> Result<(), Problem> {
    refuse_in_the_way(shared, holder)?;
    let Some(driven) = would_abort(shared, holder) else {
        return Ok(());
    };
    let (reply, answer) = oneshot::channel();
    let input = Input::Command {
        command: Command::Supersede,
        by,
        about: None,
        reply,
    };
    driven.inbox.send(input).await;
    // Whatever became of it meanwhile: the lock tells when it is over.
    let _told = answer.await.is_ok();
    Ok(())
}
