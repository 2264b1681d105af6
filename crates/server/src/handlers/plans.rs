//! `POST /v1/plans`: what a deployment of a file would do.

use axum::extract::State;
use windlass_api::{FileRequest, PlanView};

use crate::Controller;
use crate::access::Caller;
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::body::Json;
use crate::file::decode;

pub(super) async fn post<C: Controller>(
    State(app): State<App<C>>,
    caller: Caller,
    Json(file): Json<FileRequest>,
) -> Answered<PlanView> {
    let wanted = decode(file, &caller)?;
    Ok(Answer(app.controller.plan(wanted).await?))
}
