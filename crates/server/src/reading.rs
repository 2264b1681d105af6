//! Whether a request's body was read to its end. Where it was not, the connection can't be used again.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use hyper::body::{Frame, SizeHint};

/// What becomes of one body.
pub(crate) struct Reading(Arc<AtomicBool>);

impl Reading {
    /// Looks at the body of a request from now on.
    pub(crate) fn begin(request: Request) -> (Request, Self) {
        let over = Arc::new(AtomicBool::new(request.body().is_end_stream()));
        let reading = Self(Arc::clone(&over));
        let watched = request.map(|body| Body::new(Watched { body, over }));
        (watched, reading)
    }

    /// Whether nothing is left of it.
    pub(crate) fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct Watched {
    body: Body,
    over: Arc<AtomicBool>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() {
            self.over.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
