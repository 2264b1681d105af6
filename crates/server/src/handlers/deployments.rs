//! `/v1/deployments`: beginning them, looking at them, and what people say to them.

use axum::extract::State;
use serde::Deserialize;
use windlass_api::{
    Command, CommandRequest, DeployAnswer, DeployRequest, DeploymentView, FinalizeRequest,
    RepairRequest, Source,
};
use windlass_model::{DeploymentId, Millis};
use windlass_runtime::{From, Terms, When};

use crate::Controller;
use crate::answer::{Answer, Answered, bad_request};
use crate::app::App;
use crate::body::{Asked, Json, Named};
use crate::file::decode;

/// Deployments that are listed unless the client says how many.
const LISTED: u32 = 20;

/// Most that are listed.
const LISTED_MAX: u32 = 1_000;

/// `GET /v1/deployments`: query.
#[derive(Debug, Deserialize)]
pub(super) struct ListQuery {
    #[serde(default)]
    limit: Option<u32>,
}

pub(super) async fn list<C: Controller>(
    State(app): State<App<C>>,
    Asked(query): Asked<ListQuery>,
) -> Answered<Vec<DeploymentView>> {
    let limit = query.limit.unwrap_or(LISTED).min(LISTED_MAX);
    Ok(Answer(app.controller.deployments(limit).await?))
}

pub(super) async fn post<C: Controller>(
    State(app): State<App<C>>,
    Json(request): Json<DeployRequest>,
) -> Answered<DeployAnswer> {
    let when = match (request.wait_ms, request.supersede) {
        (None, false) => When::Now,
        (Some(millis), false) => When::Wait(Millis::from_millis(millis)),
        (None, true) => When::Supersede,
        (Some(_), true) => {
            let what = "a deployment waits for the one that runs, or supersedes it: not both";
            return Err(bad_request(400, what));
        }
    };
    let from = match request.source {
        Source::File(file) => From::File(Box::new(decode(file)?)),
        Source::Plan(id) => From::Plan(id),
        Source::Retry(id) => From::Retry(id),
    };
    let terms = Terms {
        by: request.by,
        may_move: request.may_move,
        keep_failed: request.keep_failed,
    };
    let begun = app.controller.deploy(from, terms, when).await?;
    let (deployment, plan) = begun;
    Ok(Answer(DeployAnswer { deployment, plan }))
}

pub(super) async fn show<C: Controller>(
    State(app): State<App<C>>,
    Named(id): Named,
) -> Answered<DeploymentView> {
    Ok(Answer(app.controller.show(id).await?))
}

/// Answers with the deployment as it is once the command is journalled.
pub(super) async fn command<C: Controller>(
    State(app): State<App<C>>,
    Named(id): Named,
    Json(request): Json<CommandRequest>,
) -> Answered<DeploymentView> {
    say(&app, id, request.command, request.by).await
}

pub(super) async fn finalize<C: Controller>(
    State(app): State<App<C>>,
    Named(id): Named,
    Json(request): Json<FinalizeRequest>,
) -> Answered<DeploymentView> {
    say(&app, id, Command::Finalize, request.by).await
}

pub(super) async fn repair<C: Controller>(
    State(app): State<App<C>>,
    Named(id): Named,
    Json(request): Json<RepairRequest>,
) -> Answered<DeploymentView> {
    let how = request.how;
    say(&app, id, Command::Repair { how }, request.by).await
}

async fn say<C: Controller>(
    app: &App<C>,
    id: DeploymentId,
    command: Command,
    by: String,
) -> Answered<DeploymentView> {
    app.controller.command(id.clone(), command, by).await?;
    Ok(Answer(app.controller.show(id).await?))
}
