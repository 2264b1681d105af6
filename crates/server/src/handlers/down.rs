//! `POST /v1/down`: ends an application's services.

use axum::extract::State;
use windlass_api::{DownAnswer, DownRequest};
use windlass_model::{AppName, EnvironmentName};

use crate::Controller;
use crate::access::Caller;
use crate::answer::{Answer, Answered, bad_name};
use crate::app::App;
use crate::body::Json;

pub(super) async fn post<C: Controller>(
    State(app): State<App<C>>,
    caller: Caller,
    Json(request): Json<DownRequest>,
) -> Answered<DownAnswer> {
    let name = AppName::new(&request.app).map_err(bad_name)?;
    let environment = match &request.environment {
        Some(text) => Some(EnvironmentName::new(text).map_err(bad_name)?),
        None => None,
    };
    let by = caller.signs(request.by)?;
    let answer = app.controller.down(name, environment, by).await?;
    Ok(Answer(answer))
}
