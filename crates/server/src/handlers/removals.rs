//! `POST /v1/removals`: takes a service away.

use axum::extract::State;
use axum::http::HeaderMap;
use windlass_api::{RemoveAnswer, RemoveRequest};
use windlass_model::{AppName, EnvironmentName, ServiceName};
use windlass_runtime::{ServiceAt, Signed};

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
    Json(request): Json<RemoveRequest>,
) -> Answered<RemoveAnswer> {
    let service = at(&request)?;
    let seen = Seen::of(&headers)?;
    let _comparing = app.comparing(&seen).await;
    seen.environment(&app, &service.app, &service.environment)
        .await?;
    let by = Signed {
        by: caller.signs(request.by)?,
        why: reason(request.why)?,
    };
    let (deployment, plan) = app.controller.remove(service, by).await?;
    Ok(Answer(RemoveAnswer { deployment, plan }))
}

/// What it names.
pub(super) fn at(request: &RemoveRequest) -> Result<ServiceAt, Refused> {
    Ok(ServiceAt {
        app: AppName::new(&request.app).map_err(bad_name)?,
        environment: EnvironmentName::new(&request.environment).map_err(bad_name)?,
        service: ServiceName::new(&request.service).map_err(bad_name)?,
    })
}
