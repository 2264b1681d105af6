//! Answers, and problem documents in place of them.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use windlass_api::{Exit, Problem};
use windlass_model::InvalidName;

use crate::Limits;

/// What a client that asked too often is told to wait, in seconds.
pub(crate) const WAIT_SECONDS: &str = "1";

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
        let mut answer = with_body(status, "application/problem+json", &self.0);
        if status == StatusCode::TOO_MANY_REQUESTS {
            let wait = HeaderValue::from_static(WAIT_SECONDS);
            answer.headers_mut().insert(RETRY_AFTER, wait);
        }
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            answer.headers_mut().insert("www-authenticate", scheme);
        }
        // Whoever stands around the handler may know what to add.
        answer.extensions_mut().insert(self.0);
        answer
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
pub(crate) fn bad_request(what: impl Into<String>) -> Refused {
    usage(400, "WL0360", "the request can't be understood", what)
}

/// A request of which each part is understood, and not all of them together.
pub(crate) fn contradicts(what: impl Into<String>) -> Refused {
    usage(422, "WL0474", "the request contradicts itself", what)
}

/// A body that can't be taken, by the status that says why.
pub(crate) fn bad_body(status: StatusCode, what: impl Into<String>) -> Refused {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => usage(413, "WL0363", "the body is too long", what),
        StatusCode::REQUEST_TIMEOUT => {
            usage(408, "WL0364", "the body did not arrive in time", what)
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => usage(415, "WL0365", "the body is not JSON", what),
        _ => bad_request(what),
    }
}

fn usage(status: u16, code: &str, title: &str, what: impl Into<String>) -> Refused {
    Refused(Problem::new(status, code, Exit::Usage, title).detail(what))
}

/// A name that is none.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what map_err hands over"
)]
pub(crate) fn bad_name(why: InvalidName) -> Refused {
    bad_request(why.to_string())
}

/// A head over the limits.
pub(crate) fn long_head(limits: &Limits) -> Refused {
    let Limits { head, headers, .. } = limits;
    let what = format!("path and headers may have {head} bytes together, in {headers} headers");
    usage(431, "WL0376", "the head is too long", what)
}

/// Nothing is served here.
pub(crate) async fn not_found() -> Refused {
    let what = "what is served: GET /v1/openapi.json";
    usage(404, "WL0361", "there is nothing at this path", what)
}

/// The path exists, the method does not. Which do is known outside of this: [`name_methods`](crate::operation::name_methods).
pub(crate) async fn wrong_method() -> Refused {
    let what = "what is served: GET /v1/openapi.json";
    usage(405, "WL0362", "this path has another method", what)
}
