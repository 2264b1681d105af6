//! `POST /v1/rollbacks`: goes back to earlier releases.

use axum::extract::State;
use windlass_api::{RollbackAnswer, RollbackRequest};
use windlass_model::{AppName, EnvironmentName, ServiceName, Version};
use windlass_runtime::RollbackAt;

use crate::Controller;
use crate::answer::{Answer, Answered, bad_name};
use crate::app::App;
use crate::body::Json;

pub(super) async fn post<C: Controller>(
    State(app): State<App<C>>,
    Json(request): Json<RollbackRequest>,
) -> Answered<RollbackAnswer> {
    let service = request.service.as_deref().map(ServiceName::new);
    let at = RollbackAt {
        app: AppName::new(&request.app).map_err(bad_name)?,
        environment: EnvironmentName::new(&request.environment).map_err(bad_name)?,
        service: service.transpose().map_err(bad_name)?,
        to: request.to.map(Version),
    };
    Ok(Answer(app.controller.rollback(at, request.by).await?))
}
