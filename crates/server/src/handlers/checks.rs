//! `POST /v1/checks` and `POST /v1/rollbacks/check`: what a request would do, or why it would be refused.

use axum::extract::State;
use windlass_api::{CheckAnswer, CheckRequest, DeployRequest, RollbackRequest, Source};
use windlass_runtime::{Check, From};

use super::{deployments, down, removals, rollbacks};
use crate::Controller;
use crate::access::Caller;
use crate::answer::{Answer, Answered, Refused};
use crate::app::App;
use crate::body::Json;
use crate::file::decode;

pub(super) async fn post<C: Controller>(
    State(app): State<App<C>>,
    caller: Caller,
    Json(request): Json<CheckRequest>,
) -> Answered<CheckAnswer> {
    let asked = match request {
        CheckRequest::Deploy(request) => deploy(request, &caller)?,
        CheckRequest::Remove(request) => {
            let at = removals::at(&request)?;
            caller.signs(request.by)?;
            deployments::reason(request.why)?;
            Check::Remove(at)
        }
        CheckRequest::Down(request) => {
            let (name, environment) = down::at(&request)?;
            caller.signs(request.by)?;
            deployments::reason(request.why)?;
            down::refuse_controller_only(&app, &caller).await?;
            Check::Down(name, environment)
        }
    };
    Ok(Answer(app.controller.check(asked).await?))
}

pub(super) async fn rollback<C: Controller>(
    State(app): State<App<C>>,
    caller: Caller,
    Json(request): Json<RollbackRequest>,
) -> Answered<CheckAnswer> {
    caller.signs(request.by.clone())?;
    deployments::reason(request.why.clone())?;
    let at = rollbacks::at(request)?;
    Ok(Answer(app.controller.check(Check::Rollback(at)).await?))
}

fn deploy(request: DeployRequest, caller: &Caller) -> Result<Check, Refused> {
    let when = deployments::when(&request)?;
    let may_move = request.may_move;
    caller.signs(request.by)?;
    deployments::reason(request.why)?;
    let from = match request.source {
        Source::File(file) => From::File(Box::new(decode(file, caller)?)),
        Source::Plan(id) => From::Plan(id),
        Source::Retry(id) => From::Retry(id),
    };
    Ok(Check::Deploy {
        from,
        may_move,
        when,
    })
}
