//! `/v1/deployments/{id}/services/{service}/…`: what the run of a command says, and what it is told.

use axum::extract::FromRequestParts;
use axum::extract::State;
use axum::http::request::Parts;
use windlass_api::{ReportAnswer, ReportRequest, RunView};
use windlass_model::{DeploymentId, ServiceName};

use crate::Controller;
use crate::access::{Caller, not_its_own};
use crate::answer::{Answer, Answered, Refused, bad_name, bad_request, contradicts};
use crate::app::App;
use crate::body::{Json, Placed, deployment};

/// The run that the path names, once whoever asks may speak for it.
pub(super) struct Run {
    deployment: DeploymentId,
    service: ServiceName,
}

impl<C: Controller> FromRequestParts<App<C>> for Run {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App<C>) -> Result<Self, Refused> {
        let Placed((id, service)) =
            Placed::<(String, String)>::from_request_parts(parts, app).await?;
        let named = Self {
            deployment: deployment(&id)?,
            service: ServiceName::new(&service).map_err(bad_name)?,
        };
        match Caller::from_request_parts(parts, app).await? {
            Caller::Owner => Ok(named),
            Caller::Run(own)
                if own.deployment == named.deployment && own.service == named.service =>
            {
                Ok(named)
            }
            Caller::Run(_) | Caller::Token { .. } | Caller::Stranger(_) => {
                Err(not_its_own().into())
            }
        }
    }
}

pub(super) async fn post<C: Controller>(
    State(app): State<App<C>>,
    run: Run,
    Json(request): Json<ReportRequest>,
) -> Answered<ReportAnswer> {
    let reports = request
        .reports()
        .map_err(|why| bad_request(why.to_string()))?;
    if reports.is_empty() {
        let what = "say at least one of `phase`, `progress`, `log` and `metric`";
        return Err(contradicts(what));
    }
    let (id, service) = (run.deployment, run.service);
    Ok(Answer(app.controller.report(id, service, reports).await?))
}

pub(super) async fn health<C: Controller>(
    State(app): State<App<C>>,
    run: Run,
) -> Answered<RunView> {
    Ok(Answer(
        app.controller.look(run.deployment, run.service).await?,
    ))
}
