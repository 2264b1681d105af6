//! `/v1/scores`: measuring the health score, and what it was.

use axum::extract::State;
use windlass_api::{FileRequest, ScoreList, ScoreView};
use windlass_model::{AppName, EnvironmentName};

use crate::Controller;
use crate::access::Caller;
use crate::answer::{Answer, Answered, bad_name};
use crate::app::App;
use crate::body::{Json, Placed};
use crate::file::{decode, must_be_probes};

pub(super) async fn post<C: Controller>(
    State(app): State<App<C>>,
    caller: Caller,
    Json(file): Json<FileRequest>,
) -> Answered<ScoreView> {
    let wanted = decode(file, &caller)?;
    if !caller.is_here() {
        must_be_probes(&wanted.spec)?;
    }
    Ok(Answer(app.controller.score(wanted).await?))
}

pub(super) async fn list<C: Controller>(
    State(app): State<App<C>>,
    Placed((name, environment)): Placed<(String, String)>,
) -> Answered<ScoreList> {
    let name = AppName::new(&name).map_err(bad_name)?;
    let environment = EnvironmentName::new(&environment).map_err(bad_name)?;
    Ok(Answer(app.controller.scores(name, environment).await?))
}
