//! A request's body on its way to an instance.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Instant;

/// How far a request's body is.
#[derive(Debug)]
pub(crate) struct Progress {
    polled: Cell<bool>,
    ended: Cell<bool>,
    failed: Cell<bool>,
    last: Cell<Instant>,
}

impl Progress {
    /// Whether any of it may have gone out: then no other connection can take it.
    pub(crate) fn was_polled(&self) -> bool {
        self.polled.get()
    }

    /// Whether all of it has gone out: only then its connection can take another request.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.get()
    }

    /// Whether the client broke off.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.get()
    }

    /// When the last of it went out.
    pub(crate) fn last(&self) -> Instant {
        self.last.get()
    }
}

/// The body, watched.
pub(crate) struct Upload {
    /// None for a request that is sent again: only one without a body is.
    body: Option<Incoming>,
    progress: Rc<Progress>,
}

impl Upload {
    pub(crate) fn new(body: Incoming) -> (Self, Rc<Progress>) {
        let progress = Rc::new(Progress {
            polled: Cell::new(false),
            ended: Cell::new(body.is_end_stream()),
            failed: Cell::new(false),
            last: Cell::new(Instant::now()),
        });
        let upload = Self {
            body: Some(body),
            progress: progress.clone(),
        };
        (upload, progress)
    }

    /// The body of a request without one that is sent again.
    pub(crate) fn empty(progress: Rc<Progress>) -> Self {
        Self {
            body: None,
            progress,
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.progress.polled.set(true);
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = Pin::new(&mut *body).poll_frame(cx);
        let ended = body.is_end_stream();
        match &frame {
            Poll::Ready(None) => self.progress.ended.set(true),
            Poll::Ready(Some(Ok(_))) => {
                self.progress.last.set(Instant::now());
                self.progress.ended.set(ended);
            }
            Poll::Ready(Some(Err(_))) => self.progress.failed.set(true),
            Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.body.as_ref();
        body.map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
