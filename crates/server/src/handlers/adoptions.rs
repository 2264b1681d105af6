//! `POST /v1/adoptions`: writes down as stable what runs; the controller ends after its answer.

use axum::extract::State;
use windlass_api::{AdoptAnswer, AdoptRequest};
use windlass_runtime::Signed;

use crate::Controller;
use crate::access::Caller;
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::body::Json;
use crate::handlers::deployments::reason;

pub(super) async fn post<C: Controller>(
    State(app): State<App<C>>,
    caller: Caller,
    Json(request): Json<AdoptRequest>,
) -> Answered<AdoptAnswer> {
    let by = Signed {
        by: caller.signs(request.by)?,
        why: reason(request.why)?,
    };
    Ok(Answer(app.controller.adopt(by).await?))
}
