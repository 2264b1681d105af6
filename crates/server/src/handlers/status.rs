//! `GET /v1/status`: every environment and what runs in it.

use axum::extract::State;
use windlass_api::EnvironmentView;

use crate::Controller;
use crate::answer::{Answer, Answered};
use crate::app::App;

pub(super) async fn get<C: Controller>(
    State(app): State<App<C>>,
) -> Answered<Vec<EnvironmentView>> {
    Ok(Answer(app.controller.status().await?))
}
