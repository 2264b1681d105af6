//! `GET /v1/figures`: what the router has counted in the last ten minutes.

use axum::extract::State;
use windlass_api::FiguresView;

use crate::Controller;
use crate::answer::{Answer, Answered};
use crate::app::App;

pub(super) async fn get<C: Controller>(State(app): State<App<C>>) -> Answered<FiguresView> {
    Ok(Answer(app.controller.figures().await?))
}
