//! `POST /v1/adoptions`: writes down as stable what runs; the controller ends after its answer.

use axum::extract::State;
use windlass_api::{AdoptAnswer, AdoptRequest};

use crate::Controller;
use crate::access::Caller;
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::body::Json;

pub(super) async fn post<C: Controller>(
    State(app): State<App<C>>,
    caller: Caller,
    Json(request): Json<AdoptRequest>,
) -> Answered<AdoptAnswer> {
    Ok(Answer(
        app.controller.adopt(caller.signs(request.by)?).await?,
    ))
}
