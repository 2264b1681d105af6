//! `GET /v1/openapi.json`: what is served, for programs.

use utoipa::openapi::OpenApi;

use crate::answer::Answer;
use crate::openapi::document;

pub(super) async fn get() -> Answer<OpenApi> {
    Answer(document())
}
