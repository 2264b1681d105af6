//! `GET /v1/happenings`: what happened outside of deployments.

use axum::extract::State;
use windlass_api::{HappeningPage, ListQuery};

use super::paging;
use crate::Controller;
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::body::Asked;

pub(super) async fn list<C: Controller>(
    State(app): State<App<C>>,
    Asked(query): Asked<ListQuery>,
) -> Answered<HappeningPage> {
    let limit = paging::limit(&query)?;
    let before = paging::place(&query, |text| text.parse().ok())?;
    let mut happenings = app.controller.happenings(limit + 1, before).await?;
    let last = paging::cut(&mut happenings, limit);
    let next = last.map(|last| paging::cursor(&last.sequence.to_string()));
    Ok(Answer(HappeningPage { happenings, next }))
}
