//! `GET /healthz` and `GET /readyz`: for load balancers and monitors, without a token.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use windlass_api::{Exit, Problem};

use crate::Controller;
use crate::answer::{Answer, Answered};
use crate::app::App;

/// Whether it is well. It says nothing more: anybody may ask.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `ok`: anything else is a problem document.
    status: &'static str,
}

const OK: Answer<Health> = Answer(Health { status: "ok" });

/// It answers.
pub(super) async fn alive() -> Answer<Health> {
    OK
}

/// It can take work: it is not ending, and its journal is as new as what runs.
pub(super) async fn ready<C: Controller>(State(app): State<App<C>>) -> Answered<Health> {
    if *app.ending.borrow() {
        let title = "the controller is ending";
        return Err(Problem::new(503, "WL0301", Exit::Unreachable, title).into());
    }
    if app.about.lost_history.is_some() {
        let title = "the journal is older than what runs";
        return Err(Problem::new(409, "WL0330", Exit::Stuck, title).into());
    }
    Ok(OK)
}
