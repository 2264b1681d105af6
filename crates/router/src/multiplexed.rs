//! A client connection that speaks HTTP/2: many requests at a time, each on the one path that all
//! requests take.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use hyper::body::{Body as _, Incoming};
use hyper::rt::{Executor, Read, ReadBufCursor, Write};
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::watch;

use crate::connection::{Line, apart, over};
use crate::forward;
use crate::head::{self, Fault};
use crate::inbound::Inbound;
use crate::limits::{
    ALIVE_EVERY, ALIVE_TIME, HEADER_LIST_BYTES, RESETS, STREAM_SEND_BYTES, STREAM_WINDOW, STREAMS,
    WINDOWS,
};
use crate::pace::{Apart, Paced, Streams};
use crate::stream::Stream;

/// Runs what a connection starts on the thread that it is on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Here;

impl<F: Future<Output: 'static> + 'static> Executor<F> for Here {
    fn execute(&self, task: F) {
        // Ends with the connection or the request that started it; both are counted.
        tokio::task::spawn_local(task);
    }
}

/// Serves a connection to its end. When `closing` turns true it takes no further request and ends
/// after those under way.
pub(crate) async fn serve(
    line: Rc<Line>,
    stream: Stream,
    heard: Vec<u8>,
    closing: watch::Receiver<bool>,
) {
    let streams = Streams::of(&line.rest.unsent);
    let stream = Inbound::new(stream, &heard, line.inflow.clone());
    let mine = (line.clone(), streams.clone());
    // Boxed: on its way to a task of its own it is moved several times, and it is large.
    let service = service_fn(move |request| Box::pin(answer(mine.clone(), request)));
    let connection = Builder::new(Apart(streams.clone()))
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(RESETS)
        .max_header_list_size(HEADER_LIST_BYTES)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(STREAM_WINDOW * WINDOWS)
        .max_send_buf_size(STREAM_SEND_BYTES)
        .keep_alive_interval(ALIVE_EVERY)
        .keep_alive_timeout(ALIVE_TIME)
        .serve_connection(Heard::new(stream, heard), service);
    let mut connection = pin!(connection);
    let whole = async {
        tokio::select! {
            biased;
            served = connection.as_mut() => served,
            () = apart(over(&line.rest, closing)) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    };
    tokio::select! {
        biased;
        served = whole => if let Err(why) = served {
            tracing::debug!(%why, "a client connection ended");
        },
        () = apart(streams.look_after()) => {}
    }
}

async fn answer(
    (line, streams): (Rc<Line>, Rc<Streams>),
    mut request: Request<Incoming>,
) -> Result<Response<Paced>, std::convert::Infallible> {
    let pace = streams.first();
    if let Some(pace) = pace.as_ref().filter(|_| !request.body().is_end_stream()) {
        // Where the body goes is known later; until then it lies with the request.
        let standing = pace.takes_body(&line.inflow);
        request.extensions_mut().insert(standing);
    }
    let begun = line
        .inflow
        .begin(head::size(request.uri(), request.headers()));
    let fault = head::judge_multiplexed(&request).err();
    let lacks = line.inflow.has_too_many_heads() || line.rest.asks_too_much();
    let lacks = lacks.then_some(Fault::NoRoom);
    let answer = forward::respond(&line, request, fault.or(lacks)).await;
    drop(begun);
    Ok(answer.map(|body| streams.pace(body, pace)))
}

/// A connection with what was heard of it already.
struct Heard {
    stream: TokioIo<Inbound>,
    heard: Vec<u8>,
}

impl Heard {
    fn new(stream: Inbound, heard: Vec<u8>) -> Self {
        Self {
            stream: TokioIo::new(stream),
            heard,
        }
    }
}

impl Read for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.heard.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, into);
        }
        let count = self.heard.len().min(into.remaining());
        let rest = self.heard.split_off(count);
        into.put_slice(&self.heard);
        self.heard = rest;
        Poll::Ready(Ok(()))
    }
}

impl Write for Heard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }
}
