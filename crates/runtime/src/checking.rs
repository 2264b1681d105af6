//! What a request would do, or why it would be refused: nothing of it begins.

use std::rc::Rc;

use windlass_api::{CheckAnswer, Problem};
use windlass_model::{AppName, DeploymentId, EnvironmentName};

use crate::at::{Check, RollbackAt, ServiceAt};
use crate::controller::Shared;
use crate::drive::Driven;
use crate::handle::{From, When};
use crate::{
    deploying, down, no_way_back, opening, planning, problems, programs, removing, returning,
    startable, takes, went_back,
};

/// Answers what it would do now.
pub(crate) async fn check(shared: &Rc<Shared>, asked: Check) -> Result<CheckAnswer, Problem> {
    match asked {
        Check::Deploy {
            from,
            may_move,
            when,
        } => deploy(shared, &from, may_move, when).await,
        Check::Rollback(at) => rollback(shared, &at).await,
        Check::Remove(at) => remove(shared, &at),
        Check::Down(app, environment) => {
            shared.refuse_lost()?;
            for place in down::chosen(shared, &app, environment.as_ref()) {
                if holder(shared, &place.app, &place.environment).is_some() {
                    down::refuse_running(shared, &place)?;
                }
            }
            Ok(CheckAnswer::default())
        }
    }
}

/// Who holds the lock and would not make room by itself.
fn holder(shared: &Shared, app: &AppName, environment: &EnvironmentName) -> Option<DeploymentId> {
    let holder = shared.environment(app, environment).lock?;
    let running = shared.running.borrow();
    let is_over = running.get(&holder).is_some_and(Driven::is_over);
    (!is_over).then_some(holder)
}

async fn deploy(
    shared: &Rc<Shared>,
    from: &From,
    may_move: bool,
    when: When,
) -> Result<CheckAnswer, Problem> {
    shared.refuse_changes()?;
    let (app, environment) = planning::place(shared, from).await?;
    let holder = holder(shared, &app, &environment);
    match (&holder, when) {
        (Some(holder), When::Now) => return Err(problems::locked(shared, holder)),
        (Some(holder), When::Supersede) => deploying::refuse_in_the_way(shared, holder)?,
        (Some(_), When::Wait(_)) | (None, _) => {}
    }
    let view = deploying::planned(shared, from, may_move).await?;
    if holder.is_none() && !view.nothing_to_do {
        opening::refuse_unready_needs(shared, &view.plan).await?;
    }
    let supersedes = holder.filter(|_| when == When::Supersede);
    let aborts = supersedes.filter(|holder| deploying::would_abort(shared, holder).is_some());
    let plan = if view.nothing_to_do {
        None
    } else {
        let view = startable::looked_at(shared, view).await;
        let view = programs::looked_at(shared, view).await;
        let view = went_back::looked_at(shared, view).await;
        Some(takes::looked_at(shared, view).await)
    };
    Ok(CheckAnswer {
        aborts,
        plan,
        ..CheckAnswer::default()
    })
}

async fn rollback(shared: &Rc<Shared>, at: &RollbackAt) -> Result<CheckAnswer, Problem> {
    if let Some(holder) = holder(shared, &at.app, &at.environment) {
        if let Some(to) = &at.to {
            return Err(no_way_back::runs_meanwhile(
                &holder,
                (at.service.as_ref(), to),
            ));
        }
        let driven = returning::driven(shared, &holder, at)?;
        let aborts = returning::goes_forward(&driven)?.then_some(holder);
        return Ok(CheckAnswer {
            aborts,
            ..CheckAnswer::default()
        });
    }
    shared.refuse_changes()?;
    let found = returning::find(shared, at).await?;
    let plan = match found.plan {
        Some(plan) => Some(startable::looked_at(shared, planning::view(shared, plan)).await),
        None => None,
    };
    Ok(CheckAnswer {
        plan,
        stays: found.stays,
        ..CheckAnswer::default()
    })
}

fn remove(shared: &Shared, at: &ServiceAt) -> Result<CheckAnswer, Problem> {
    shared.refuse_changes()?;
    if let Some(holder) = holder(shared, &at.app, &at.environment) {
        let asked = format!("windlass remove {}", at.service);
        return Err(problems::locked_for(shared, &holder, &asked));
    }
    let plan = removing::removal(shared, at)?;
    Ok(CheckAnswer {
        plan: Some(planning::view(shared, plan)),
        ..CheckAnswer::default()
    })
}
