//! `POST /v1/rollbacks`: goes back to earlier releases.

use axum::extract::State;
use axum::http::HeaderMap;
use windlass_api::{RollbackAnswer, RollbackRequest};
use windlass_model::{AppName, EnvironmentName, ServiceName, Version};
use windlass_runtime::{RollbackAt, Signed};

use crate::Controller;
use crate::access::Caller;
use crate::answer::{Answer, Answered, Refused, bad_name};
use crate::app::App;
use crate::body::Json;
use crate::condition::Seen;
use crate::handlers::deployments::reason;

pub(super) async fn post<C: Controller>(
    State(app): State<App<C>>,
    caller: Caller,
    headers: HeaderMap,
    Json(request): Json<RollbackRequest>,
) -> Answered<RollbackAnswer> {
    let by = Signed {
        by: caller.signs(request.by.clone())?,
        why: reason(request.why.clone())?,
    };
    let at = at(request)?;
    let seen = Seen::of(&headers)?;
    let _comparing = app.comparing(&seen).await;
    seen.environment(&app, &at.app, &at.environment).await?;
    Ok(Answer(app.controller.rollback(at, by).await?))
}

/// What it names.
pub(super) fn at(request: RollbackRequest) -> Result<RollbackAt, Refused> {
    let service = request.service.as_deref().map(ServiceName::new);
    Ok(RollbackAt {
        app: AppName::new(&request.app).map_err(bad_name)?,
        environment: EnvironmentName::new(&request.environment).map_err(bad_name)?,
        service: service.transpose().map_err(bad_name)?,
        to: request.to.map(Version),
        agreed: request.agreed,
    })
}
