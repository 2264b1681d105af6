//! What people say to deployments.

use std::rc::Rc;

use futures_channel::oneshot;
use windlass_api::{Command as Said, Problem};
use windlass_engine::deployment::{Command, Event};
use windlass_model::{DeploymentId, Environment, Happened, Repair};

use crate::because::Signed;
use crate::controller::Shared;
use crate::drive::Input;
use crate::{chronicle, finalize, problems, views, word};

/// Says one thing to one deployment; returns once it is journalled.
pub(crate) async fn say(
    shared: &Rc<Shared>,
    id: &DeploymentId,
    said: Said,
    by: Signed,
) -> Result<(), Problem> {
    shared.refuse_lost()?;
    let command = match said {
        Said::Hold => Command::Hold,
        Said::Resume => Command::Resume,
        Said::Abort => Command::Abort,
        Said::Promote => Command::Promote,
        Said::Repair { how } => Command::Repair(how),
        Said::Finalize => return finalize::by_person(shared, id, by).await,
    };
    let driven = shared.running.borrow().get(id).cloned();
    let Some(driven) = driven else {
        let damaged = shared.poisoned.borrow().get(id).cloned();
        return match (damaged, command) {
            (Some(_), Command::Repair(Repair::Abandon)) => abandon(shared, id, by).await,
            (Some(why), Command::Repair(Repair::Retry | Repair::Done)) => {
                Err(problems::only_abandon(id, &why))
            }
            (
                Some(why),
                Command::Hold
                | Command::Resume
                | Command::Abort
                | Command::Promote
                | Command::Supersede,
            ) => Err(problems::unreadable(id, &why)),
            (None, _) => Err(problems::over(shared, &views::stored(shared, id).await?)),
        };
    };
    let mut about = None;
    if command == Command::Repair(Repair::Done) {
        let now = driven.now.borrow().clone();
        word::refuse_untrue(shared, &now).await?;
        // While that took its time somebody else may have had it tried again.
        about = Some(now.stuck_on());
    }
    let (reply, answer) = oneshot::channel();
    let input = Input::Command {
        command,
        by,
        about,
        reply,
    };
    driven.inbox.send(input).await;
    // A loop that ended meanwhile drops the question.
    match answer.await {
        Ok(answer) => answer,
        Err(_ended) => Err(problems::over(shared, &views::stored(shared, id).await?)),
    }
}

/// Frees the lock of a deployment whose journal is damaged, and leaves everything as it is.
async fn abandon(shared: &Rc<Shared>, id: &DeploymentId, by: Signed) -> Result<(), Problem> {
    let _changing = shared.changing.lock().await;
    let locked: Vec<Environment> = {
        let environments = shared.environments.borrow();
        let locked = environments
            .values()
            .filter(|e| e.lock.as_ref() == Some(id));
        locked.cloned().collect()
    };
    for mut environment in locked {
        environment.lock = None;
        let written = shared.border.store.put_environment(&environment).await;
        written.map_err(|e| problems::store(&e))?;
        shared.put_environment(environment);
    }
    let Signed { by, why } = by;
    tracing::warn!("{by} let go of {id}, whose journal is damaged");
    // Its own journal takes no more rows.
    let deployment = id.clone();
    chronicle::note(
        shared,
        Happened::GivenUp {
            deployment,
            by,
            why,
        },
    );
    shared.poisoned.borrow_mut().remove(id);
    Ok(())
}

/// The row of a person's word.
pub(crate) fn asked(command: Command, by: String) -> Event {
    match command {
        Command::Hold => Event::HoldRequested { by },
        Command::Resume => Event::ResumeRequested { by },
        Command::Abort => Event::AbortRequested { by },
        Command::Promote => Event::PromoteRequested { by },
        Command::Supersede => Event::SupersedeRequested { by },
        Command::Repair(how) => Event::RepairRequested { by, how },
    }
}
