//! Answers, and problem documents in place of them.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use windlass_api::{Exit, Problem};
use windlass_model::InvalidName;

/// A refusal as `application/problem+json`.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) Problem);

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        with_body(status, "application/problem+json", &self.0)
    }
}

/// A value as JSON.
#[derive(Debug)]
pub(crate) struct Answer<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        with_body(StatusCode::OK, "application/json", &self.0)
    }
}

/// What a handler returns.
pub(crate) type Answered<T> = Result<Answer<T>, Refused>;

fn with_body<T: Serialize>(status: StatusCode, media: &'static str, body: &T) -> Response {
    let (status, body) = match serde_json::to_vec(body) {
        Ok(body) => (status, body),
        Err(why) => {
            tracing::error!(%why, "an answer can't be written as JSON");
            (StatusCode::INTERNAL_SERVER_ERROR, Vec::new())
        }
    };
    let mut answer = (status, body).into_response();
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media));
    answer
}

/// A request that no client of ours makes.
pub(crate) fn bad_request(status: u16, what: impl Into<String>) -> Refused {
    Refused(
        Problem::new(
            status,
            "WL0303",
            Exit::Usage,
            "the request can't be understood",
        )
        .detail(what),
    )
}

/// A name that is none.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what map_err hands over"
)]
pub(crate) fn bad_name(why: InvalidName) -> Refused {
    bad_request(400, why.to_string())
}

/// Nothing is served here.
pub(crate) async fn not_found() -> Refused {
    bad_request(404, "there is nothing at this path")
}

/// The path exists, the method does not.
pub(crate) async fn wrong_method() -> Refused {
    bad_request(405, "this path has another method")
}
