//! `/v1/tokens`: who may ask over the network. On the private socket only.

use axum::extract::State;
use windlass_api::{TokenAnswer, TokenList, TokenRequest, TokenView};

use crate::Controller;
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::body::{Json, Placed};

pub(super) async fn list<C: Controller>(State(app): State<App<C>>) -> Answer<TokenList> {
    Answer(TokenList {
        tokens: app.tokens.list(),
    })
}

pub(super) async fn post<C: Controller>(
    State(app): State<App<C>>,
    Json(request): Json<TokenRequest>,
) -> Answered<TokenAnswer> {
    Ok(Answer(app.tokens.create(&request)?))
}

pub(super) async fn delete<C: Controller>(
    State(app): State<App<C>>,
    Placed(id): Placed<String>,
) -> Answered<TokenView> {
    Ok(Answer(app.tokens.revoke(&id)?))
}
