//! `GET /v1/version`: which controller this is. The first thing every client asks.

use axum::extract::State;
use windlass_api::VersionView;

use crate::Controller;
use crate::answer::Answer;
use crate::app::App;

pub(super) async fn get<C: Controller>(State(app): State<App<C>>) -> Answer<VersionView> {
    Answer(app.about.view())
}
