//! `POST /v1/down`: ends an application's services.

use axum::extract::State;
use windlass_api::{DownAnswer, DownRequest, EnvironmentView, Exit, Problem};
use windlass_model::{AppName, EnvironmentName};
use windlass_runtime::Signed;

use crate::Controller;
use crate::access::Caller;
use crate::answer::{Answer, Answered, Refused, bad_name};
use crate::app::App;
use crate::body::Json;
use crate::handlers::deployments::reason;

pub(super) async fn post<C: Controller>(
    State(app): State<App<C>>,
    caller: Caller,
    Json(request): Json<DownRequest>,
) -> Answered<DownAnswer> {
    let (name, environment) = at(&request)?;
    let by = Signed {
        by: caller.signs(request.by)?,
        why: reason(request.why)?,
    };
    refuse_controller_only(&app, &caller).await?;
    let answer = app.controller.down(name, environment, by).await?;
    Ok(Answer(answer))
}

/// Refuses whoever is elsewhere where only the controller would end.
pub(super) async fn refuse_controller_only<C: Controller>(
    app: &App<C>,
    caller: &Caller,
) -> Result<(), Refused> {
    if !caller.is_here() && !anything_runs(&app.controller.status().await?) {
        return Err(controller_only().into());
    }
    Ok(())
}

/// What it names.
pub(super) fn at(request: &DownRequest) -> Result<(AppName, Option<EnvironmentName>), Refused> {
    let environment = request.environment.as_deref().map(EnvironmentName::new);
    Ok((
        AppName::new(&request.app).map_err(bad_name)?,
        environment.transpose().map_err(bad_name)?,
    ))
}

fn anything_runs(all: &[EnvironmentView]) -> bool {
    all.iter().any(|view| {
        view.deployment.is_some() || view.services.values().any(|service| !service.is_empty())
    })
}

/// Where nothing runs, all that could end is the controller.
fn controller_only() -> Problem {
    let title = "the token does not allow this";
    Problem::new(403, "WL0367", Exit::Refused, title)
        .detail("nothing runs, so only the controller would end; nobody could start it again from elsewhere")
        .hint("end it on its machine: windlass down, without --server")
}
