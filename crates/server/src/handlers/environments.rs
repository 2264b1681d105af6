//! `GET /v1/environments/{app}/{environment}`: one environment, with its ETag.

use axum::extract::State;
use windlass_api::{EnvironmentView, Exit, Problem};
use windlass_model::{AppName, EnvironmentName};

use crate::Controller;
use crate::answer::{Refused, bad_name};
use crate::app::App;
use crate::body::Placed;
use crate::condition::WithTag;

pub(super) async fn get<C: Controller>(
    State(app): State<App<C>>,
    Placed((name, environment)): Placed<(String, String)>,
) -> Result<WithTag<EnvironmentView>, Refused> {
    let name = AppName::new(&name).map_err(bad_name)?;
    let environment = EnvironmentName::new(&environment).map_err(bad_name)?;
    let all = app.controller.status().await?;
    let found = all
        .into_iter()
        .find(|view| view.app == name && view.environment == environment);
    found.map(WithTag).ok_or_else(|| {
        let title = format!("nothing of {name} is deployed in {environment}");
        let problem = Problem::new(404, "WL0308", Exit::Usage, title);
        problem.hint("windlass status").into()
    })
}
