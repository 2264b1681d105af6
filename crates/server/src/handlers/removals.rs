//! `POST /v1/removals`: takes a service away.

use axum::extract::State;
use windlass_api::{RemoveAnswer, RemoveRequest};
use windlass_model::{AppName, EnvironmentName, ServiceName};
use windlass_runtime::ServiceAt;

use crate::Controller;
use crate::answer::{Answer, Answered, bad_name};
use crate::app::App;
use crate::body::Json;

pub(super) async fn post<C: Controller>(
    State(app): State<App<C>>,
    Json(request): Json<RemoveRequest>,
) -> Answered<RemoveAnswer> {
    let service = ServiceAt {
        app: AppName::new(&request.app).map_err(bad_name)?,
        environment: EnvironmentName::new(&request.environment).map_err(bad_name)?,
        service: ServiceName::new(&request.service).map_err(bad_name)?,
    };
    let (deployment, plan) = app.controller.remove(service, request.by).await?;
    Ok(Answer(RemoveAnswer { deployment, plan }))
}
