//! A body whose client waits to be told to send it: `Expect: 100-continue` (RFC 9110, 10.1.1).
//!
//! It is for the instance to say so, or to answer without it. So nothing of the body is asked for before that,
//! since the library tells the client to go on as soon as something is. An instance that does not know this
//! says nothing; after a moment its client goes on all the same, as the protocol wants it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use hyper::body::{Body, Incoming};
use hyper::ext::on_informational;
use hyper::header::EXPECT;
use hyper::{Request, StatusCode};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::GO_ON_TIME;

/// The instance's word.
#[derive(Default)]
struct Word {
    said: AtomicBool,
    waker: AtomicWaker,
}

/// What holds a body back.
pub(crate) struct Expectation {
    word: Arc<Word>,
    /// Counted from when the body could be sent.
    until: Option<Pin<Box<Sleep>>>,
}

impl Expectation {
    /// That of a request, which is to hear the instance's word; none if its client expects nothing.
    pub(crate) fn of(request: &mut Request<Incoming>) -> Option<Self> {
        if request.body().is_end_stream() {
            return None;
        }
        let expects = request.headers().get(EXPECT)?;
        if !expects.as_bytes().eq_ignore_ascii_case(b"100-continue") {
            return None;
        }
        let word = Arc::<Word>::default();
        let heard = word.clone();
        on_informational(request, move |answer| {
            if answer.status() == StatusCode::CONTINUE {
                heard.said.store(true, Ordering::Release);
                heard.waker.wake();
            }
        });
        Some(Self { word, until: None })
    }

    /// Ready when the body may go on.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.word.waker.register(cx.waker());
        if self.word.said.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        let until = self
            .until
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + GO_ON_TIME)));
        until.as_mut().poll(cx)
    }
}
