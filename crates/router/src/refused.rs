//! Answers that the router gives by itself, and why.

use bytes::Bytes;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use crate::accept::Form;
use crate::answer::AnswerBody;
use crate::asked::{Asked, REQUEST_ID};
use crate::head::Fault;

/// Names the reason on every answer that the router gives by itself.
pub(crate) const WINDLASS_ERROR: HeaderName = HeaderName::from_static("windlass-error");

/// Why the router answers by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    NoRoute,
    NotFound,
    Recreating,
    Paused,
    Maintenance,
    NoCapacity,
    AtLimit,
    ConnectFailed,
    AnswerBroken,
    BadRequest,
    BodyTooLarge,
    HeadTooLarge,
    /// By its instance, which ends the connection for one.
    HeadNotTaken,
    HeadTooSlow,
    NoRoom,
    BodyTooSlow,
    AnswerTooLate,
    Draining,
    Drained,
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Malformed => Self::BadRequest,
            Fault::TooLarge => Self::HeadTooLarge,
            Fault::TooSlow => Self::HeadTooSlow,
            Fault::NoRoom => Self::NoRoom,
        }
    }
}

impl Refused {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::NoRoute
            | Self::Recreating
            | Self::Paused
            | Self::Maintenance
            | Self::NoCapacity
            | Self::AtLimit
            | Self::NoRoom
            | Self::Draining => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::ConnectFailed | Self::AnswerBroken | Self::HeadNotTaken => {
                StatusCode::BAD_GATEWAY
            }
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::HeadTooSlow | Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::AnswerTooLate | Self::Drained => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// What `Windlass-Error` says.
    fn code(self) -> &'static str {
        match self {
            Self::NoRoute => "no_route",
            Self::NotFound => "not_found",
            Self::Recreating => "recreating",
            Self::Paused => "paused",
            Self::Maintenance => "maintenance",
            Self::NoCapacity => "no_capacity",
            Self::AtLimit => "at_limit",
            Self::NoRoom => "no_room",
            Self::ConnectFailed => "connect_failed",
            Self::AnswerBroken | Self::HeadNotTaken => "answer_broken",
            Self::BadRequest | Self::HeadTooLarge => "bad_request",
            Self::BodyTooLarge => "body_too_large",
            Self::HeadTooSlow | Self::BodyTooSlow | Self::AnswerTooLate => "timeout",
            Self::Draining => "draining",
            Self::Drained => "drained",
        }
    }

    /// A line for a person.
    pub(crate) fn line(self) -> &'static str {
        match self {
            Self::NoRoute => "no service is routed here",
            Self::NotFound => "no service is served under this host and path",
            Self::Recreating => "the service is being replaced; try again",
            Self::Paused => "the service is paused; try again",
            Self::Maintenance => "the service is being worked on; try again later",
            Self::NoCapacity => "no instance may take requests",
            Self::AtLimit => "the service has as many requests as it may have at once; try again",
            Self::ConnectFailed => "no instance could be connected to",
            Self::AnswerBroken => "the instance gave no whole answer",
            Self::BadRequest => "the request could not be read",
            Self::BodyTooLarge => "the request's body is larger than the service takes",
            Self::HeadTooLarge => "the request's head is too large",
            Self::HeadNotTaken => {
                "the instance ended the connection after the request's head, which is large"
            }
            Self::HeadTooSlow => "the request's head did not come in time",
            Self::NoRoom => "the router has no memory left for as much; try again, or send less",
            Self::BodyTooSlow => "the request's body did not come in time",
            Self::AnswerTooLate => "the instance did not answer in time",
            Self::Draining => "the router is ending",
            Self::Drained => {
                "the release that had the request was replaced, and did not answer in time"
            }
        }
    }

    /// Whether it says nothing against an instance that had the request: it is what the client did, time that is
    /// over, or memory that others have.
    pub(crate) fn is_no_evidence(self) -> bool {
        let all = [
            Self::BodyTooLarge,
            Self::BodyTooSlow,
            Self::HeadNotTaken,
            Self::NoRoom,
            Self::Drained,
        ];
        all.contains(&self)
    }

    /// Whether the connection can't be used after it.
    fn ends_connection(self) -> bool {
        match self {
            Self::NoRoute
            | Self::BadRequest
            | Self::BodyTooLarge
            | Self::HeadTooLarge
            | Self::HeadTooSlow
            | Self::NoRoom
            | Self::BodyTooSlow
            | Self::Draining => true,
            Self::NotFound
            | Self::Recreating
            | Self::Paused
            | Self::Maintenance
            | Self::NoCapacity
            | Self::AtLimit
            | Self::ConnectFailed
            | Self::AnswerBroken
            | Self::HeadNotTaken
            | Self::AnswerTooLate
            | Self::Drained => false,
        }
    }

    /// When it is worth another try, in seconds.
    fn retry_after(self) -> Option<&'static str> {
        match self {
            Self::Recreating | Self::Paused | Self::AtLimit | Self::NoRoom => Some("1"),
            Self::Maintenance => Some("60"),
            Self::NoRoute
            | Self::NotFound
            | Self::NoCapacity
            | Self::ConnectFailed
            | Self::AnswerBroken
            | Self::BadRequest
            | Self::BodyTooLarge
            | Self::HeadTooLarge
            | Self::HeadNotTaken
            | Self::HeadTooSlow
            | Self::BodyTooSlow
            | Self::AnswerTooLate
            | Self::Draining
            | Self::Drained => None,
        }
    }

    /// The words of the answer, and what kind of text they are.
    fn page(self, asked: &Asked, line: &str) -> (String, &'static str) {
        let (status, code) = (self.status(), self.code());
        // Made of letters that need no escape anywhere; so is every code.
        let id = asked.id.to_str().unwrap_or_default();
        match asked.form {
            Form::Text => (
                format!("Windlass: {line} (request {id})\n"),
                "text/plain; charset=utf-8",
            ),
            Form::Json => (
                format!(
                    "{{\"by\":\"windlass\",\"status\":{},\"error\":\"{code}\",\
                     \"message\":{},\"request_id\":\"{id}\"}}\n",
                    status.as_u16(),
                    serde_json::Value::from(line),
                ),
                "application/json",
            ),
            Form::Html => (
                format!(
                    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
                     <title>{status}</title>\n<h1>{status}</h1>\n<p>{}</p>\n\
                     <p><small>Windlass: {code}, request {id}</small></p>\n</html>\n",
                    escaped(line),
                ),
                "text/html; charset=utf-8",
            ),
        }
    }

    /// The whole answer.
    pub(crate) fn answer(self, asked: &Asked) -> Response<AnswerBody> {
        self.saying(asked, self.line())
    }

    /// The same with another line for a person, of any letters.
    pub(crate) fn saying(self, asked: &Asked, line: &str) -> Response<AnswerBody> {
        let code = self.code();
        let (page, kind) = self.page(asked, line);
        let mut response = Response::new(AnswerBody::own(Bytes::from(page)));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(WINDLASS_ERROR, HeaderValue::from_static(code));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(REQUEST_ID, asked.id.clone());
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if self.ends_connection() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// As it can stand in the text of an HTML page.
fn escaped(line: &str) -> String {
    let plain = line.replace('&', "&amp;").replace('<', "&lt;");
    plain.replace('>', "&gt;")
}
