//! What goes back to the client: an origin's answer, or one of the router's own.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use tokio::time::sleep;

use crate::access::Told;
use crate::asked::{Asked, Form, REQUEST_ID};
use crate::connection::Busy;
use crate::head::Fault;
use crate::pool::Lent;
use crate::ticket::Ticket;

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
    HeadTooSlow,
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
        }
    }
}

impl Refused {
    /// Status, code and a line for a person.
    fn told(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NoRoute => (
                StatusCode::SERVICE_UNAVAILABLE,
                "no_route",
                "no service is routed here",
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "not_found",
                "no service is served under this host and path",
            ),
            Self::Recreating => (
                StatusCode::SERVICE_UNAVAILABLE,
                "recreating",
                "the service is being replaced; try again",
            ),
            Self::Paused => (
                StatusCode::SERVICE_UNAVAILABLE,
                "paused",
                "the service is paused; try again",
            ),
            Self::Maintenance => (
                StatusCode::SERVICE_UNAVAILABLE,
                "maintenance",
                "the service is being worked on; try again later",
            ),
            Self::NoCapacity => (
                StatusCode::SERVICE_UNAVAILABLE,
                "no_capacity",
                "no instance may take requests",
            ),
            Self::AtLimit => (
                StatusCode::SERVICE_UNAVAILABLE,
                "at_limit",
                "the service has as many requests as it may have at once; try again",
            ),
            Self::ConnectFailed => (
                StatusCode::BAD_GATEWAY,
                "connect_failed",
                "no instance could be connected to",
            ),
            Self::AnswerBroken => (
                StatusCode::BAD_GATEWAY,
                "answer_broken",
                "the instance gave no whole answer",
            ),
            Self::BadRequest => (
                StatusCode::BAD_REQUEST,
                "bad_request",
                "the request could not be read",
            ),
            Self::BodyTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                "the request's body is larger than the service takes",
            ),
            Self::HeadTooLarge => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "bad_request",
                "the request's head is too large",
            ),
            Self::HeadTooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "timeout",
                "the request's head did not come in time",
            ),
            Self::AnswerTooLate => (
                StatusCode::GATEWAY_TIMEOUT,
                "timeout",
                "the instance did not answer in time",
            ),
            Self::Draining => (
                StatusCode::SERVICE_UNAVAILABLE,
                "draining",
                "the router is ending",
            ),
            Self::Drained => (
                StatusCode::GATEWAY_TIMEOUT,
                "drained",
                "the release that had the request was replaced, and did not answer in time",
            ),
        }
    }

    /// Whether the connection can't be used after it.
    fn ends_connection(self) -> bool {
        match self {
            Self::NoRoute
            | Self::BadRequest
            | Self::BodyTooLarge
            | Self::HeadTooLarge
            | Self::HeadTooSlow
            | Self::Draining => true,
            Self::NotFound
            | Self::Recreating
            | Self::Paused
            | Self::Maintenance
            | Self::NoCapacity
            | Self::AtLimit
            | Self::ConnectFailed
            | Self::AnswerBroken
            | Self::AnswerTooLate
            | Self::Drained => false,
        }
    }

    /// When it is worth another try, in seconds.
    fn retry_after(self) -> Option<&'static str> {
        match self {
            Self::Recreating | Self::Paused | Self::AtLimit => Some("1"),
            Self::Maintenance => Some("60"),
            Self::NoRoute
            | Self::NotFound
            | Self::NoCapacity
            | Self::ConnectFailed
            | Self::AnswerBroken
            | Self::BadRequest
            | Self::BodyTooLarge
            | Self::HeadTooLarge
            | Self::HeadTooSlow
            | Self::AnswerTooLate
            | Self::Draining
            | Self::Drained => None,
        }
    }

    pub(crate) fn status(self) -> u16 {
        self.told().0.as_u16()
    }

    /// The words of the answer, and what kind of text they are.
    fn page(self, asked: &Asked) -> (String, &'static str) {
        let (status, code, line) = self.told();
        // Made of letters that need no escape anywhere; so is every code and line.
        let id = asked.id.to_str().unwrap_or_default();
        match asked.form {
            Form::Text => (
                format!("Windlass: {line} (request {id})\n"),
                "text/plain; charset=utf-8",
            ),
            Form::Json => (
                format!(
                    "{{\"by\":\"windlass\",\"status\":{},\"error\":\"{code}\",\
                     \"message\":\"{line}\",\"request_id\":\"{id}\"}}\n",
                    status.as_u16()
                ),
                "application/json",
            ),
            Form::Html => (
                format!(
                    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
                     <title>{status}</title>\n<h1>{status}</h1>\n<p>{line}</p>\n\
                     <p><small>Windlass: {code}, request {id}</small></p>\n</html>\n"
                ),
                "text/html; charset=utf-8",
            ),
        }
    }

    /// The whole answer.
    pub(crate) fn answer(self, asked: &Asked) -> Response<AnswerBody> {
        let (status, code, _line) = self.told();
        let (page, kind) = self.page(asked);
        let mut response = Response::new(AnswerBody::own(Bytes::from(page)));
        *response.status_mut() = status;
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

/// A body on its way to the client. Dropping it ends the request.
pub(crate) struct AnswerBody {
    kind: Kind,
    busy: Option<Busy>,
    /// What the access log is told when this is dropped.
    told: Option<Box<Told>>,
}

enum Kind {
    Own(Full<Bytes>),
    Origin(Box<Origin>),
}

struct Origin {
    body: Incoming,
    ticket: Ticket,
    lent: Option<Lent>,
    /// What ends this while the instance says nothing.
    patience: Option<Pin<Box<dyn Future<Output = BrokenBody>>>>,
}

/// Why an answer's body breaks off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BrokenBody {
    #[error("the instance broke off")]
    Origin(#[from] hyper::Error),
    #[error("the instance said nothing for too long")]
    Silent,
    #[error("the time of its slot to drain is over")]
    Cut,
}

/// Lasts until the instance has said nothing for too long, or its slot is cut.
async fn patience(cut: impl Future<Output = ()>, silence: Duration) -> BrokenBody {
    tokio::select! {
        biased;
        () = cut => BrokenBody::Cut,
        () = sleep(silence) => BrokenBody::Silent,
    }
}

impl AnswerBody {
    fn own(bytes: Bytes) -> Self {
        Self {
            kind: Kind::Own(Full::new(bytes)),
            busy: None,
            told: None,
        }
    }

    /// No body at all, such as that of a 101.
    pub(crate) fn none() -> Self {
        Self::own(Bytes::new())
    }

    /// An origin's body: holds the request's ticket to its end, and gives the connection back then.
    pub(crate) fn origin(body: Incoming, ticket: Ticket, lent: Lent) -> Self {
        let mut origin = Origin {
            body,
            ticket,
            lent: Some(lent),
            patience: None,
        };
        if origin.body.is_end_stream() {
            origin.give_back();
        }
        Self {
            kind: Kind::Origin(Box::new(origin)),
            busy: None,
            told: None,
        }
    }

    /// Has the access log told of it to its last byte.
    pub(crate) fn tell(&mut self, mut told: Box<Told>) {
        if self.is_end_stream() {
            told.ended();
        }
        self.told = Some(told);
    }

    /// Marks the client's connection as busy until this is dropped.
    pub(crate) fn keep_busy(&mut self, busy: Busy) {
        self.busy = Some(busy);
    }
}

impl Origin {
    /// Whether the request's own body broke off.
    fn was_spoilt(&self) -> bool {
        let lent = self.lent.as_ref();
        lent.is_some_and(|lent| lent.progress.has_failed())
    }

    fn give_back(&mut self) {
        if let Some(lent) = self.lent.take() {
            lent.give_back();
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        if self.ticket.is_cut() {
            return Poll::Ready(Some(Err(BrokenBody::Cut)));
        }
        let frame = match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => return self.poll_patience(cx),
        };
        self.patience = None;
        match &frame {
            None => self.give_back(),
            Some(Ok(_)) if self.body.is_end_stream() => self.give_back(),
            // What the client sent may have ended it: no evidence against the instance.
            Some(Err(_)) if self.was_spoilt() => {}
            Some(Err(_)) => {
                self.ticket.broke();
                if let Some(lent) = &self.lent {
                    lent.instance.resting.failed(self.ticket.terms());
                }
            }
            Some(Ok(_)) => {}
        }
        Poll::Ready(frame.map(|frame| Ok(frame?)))
    }

    fn poll_patience<T>(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, BrokenBody>>> {
        let ticket = &self.ticket;
        let patience = self
            .patience
            .get_or_insert_with(|| Box::pin(patience(ticket.cut_apart(), ticket.terms().silence)));
        let why = ready!(patience.as_mut().poll(cx));
        match why {
            BrokenBody::Origin(_) | BrokenBody::Silent => self.ticket.broke(),
            // Its time was over: no evidence against the instance.
            BrokenBody::Cut => {}
        }
        Poll::Ready(Some(Err(why)))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BrokenBody;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        let frame = match &mut self.kind {
            Kind::Own(own) => Pin::new(own)
                .poll_frame(cx)
                .map_err(|never: Infallible| match never {}),
            Kind::Origin(origin) => origin.poll(cx),
        };
        let ends = self.is_end_stream();
        if let Some(told) = &mut self.told {
            match &frame {
                Poll::Ready(Some(Ok(frame))) => {
                    told.passed(frame.data_ref().map_or(0, Bytes::len));
                    if ends {
                        told.ended();
                    }
                }
                Poll::Ready(None) => told.ended(),
                Poll::Ready(Some(Err(_))) | Poll::Pending => {}
            }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Own(own) => own.is_end_stream(),
            Kind::Origin(origin) => origin.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Own(own) => own.size_hint(),
            Kind::Origin(origin) => origin.body.size_hint(),
        }
    }
}
