//! A client's connection: in the clear or in TLS, and no write that the client does not take.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::set_socket_linger;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_rustls::server::TlsStream;

use crate::hello::Hello;
use crate::limits::WRITE_PAUSE;
use crate::pieces::poll_write_pieces;
use crate::quiet::is_quiet;

/// What a client is connected by.
pub(crate) struct Stream {
    kind: Kind,
    /// The time limit of a write that the client does not take: it would hold its slot's drain, or
    /// its place among the connections, for ever.
    limit: Option<Pin<Box<Sleep>>>,
    /// How long that is.
    pause: Duration,
}

/// How far a client has closed its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Open,
    /// It sends no more.
    Closed,
    /// It takes nothing either.
    Gone,
}

enum Kind {
    Clear(TcpStream),
    Tls(Box<TlsStream<Hello>>),
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        Self {
            kind: Kind::Clear(stream),
            limit: None,
            pause: WRITE_PAUSE,
        }
    }
}

impl From<TlsStream<Hello>> for Stream {
    fn from(stream: TlsStream<Hello>) -> Self {
        Self {
            kind: Kind::Tls(Box::new(stream)),
            limit: None,
            pause: WRITE_PAUSE,
        }
    }
}

impl Stream {
    /// Has its client take something within this time, from the next write on that it does not take at once.
    pub(crate) fn expect_within(&mut self, pause: Duration) {
        self.pause = pause;
    }

    /// Whether nobody between the client and here could read along.
    pub(crate) fn is_tls(&self) -> bool {
        match &self.kind {
            Kind::Clear(_) => false,
            Kind::Tls(_) => true,
        }
    }

    /// Whether the client chose HTTP/2 when it said hello.
    pub(crate) fn chose_http2(&self) -> bool {
        match &self.kind {
            Kind::Clear(_) => false,
            Kind::Tls(stream) => stream.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }

    fn socket(&self) -> &TcpStream {
        match &self.kind {
            Kind::Clear(stream) => stream,
            Kind::Tls(stream) => stream.get_ref().0.socket(),
        }
    }

    /// Ready once the client has sent more or has closed its side; whatever it sent stays where it is.
    pub(crate) fn poll_more(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut byte = [0];
        let mut into = ReadBuf::new(&mut byte);
        self.socket().poll_peek(cx, &mut into).map_ok(|_count| ())
    }

    /// Whether nothing of it lies here that nobody has read: neither with the kernel nor in a record of TLS that has
    /// come in part.
    pub(crate) fn is_quiet(&self) -> bool {
        !self.is_inside_record() && is_quiet(self.socket())
    }

    /// Whether a record of TLS has come in part.
    pub(crate) fn is_inside_record(&self) -> bool {
        match &self.kind {
            Kind::Clear(_) => false,
            Kind::Tls(stream) => stream.get_ref().0.is_inside_record(),
        }
    }

    /// Has it end with a reset once it is dropped: its client is not to take that for an end in order.
    pub(crate) fn break_off(&self) {
        // An error is a connection that has ended already.
        set_socket_linger(self.socket(), Some(Duration::ZERO)).ok();
    }

    /// How far the client has closed the connection, though something before that may be unread.
    pub(crate) fn peer(&self) -> Peer {
        let mut one = [PollFd::new(self.socket(), PollFlags::RDHUP)];
        let looked = poll(&mut one, Some(&Timespec::default()));
        let [seen] = one.map(|one| one.revents());
        if looked.is_err() {
            // It could not be looked at: that is no word about the client.
            Peer::Open
        } else if seen.intersects(PollFlags::HUP | PollFlags::ERR) {
            Peer::Gone
        } else if seen.contains(PollFlags::RDHUP) {
            Peer::Closed
        } else {
            Peer::Open
        }
    }

    fn bounded<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.limit = None;
            return written;
        }
        let limit = self
            .limit
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + self.pause)));
        ready!(limit.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.kind {
            Kind::Clear(stream) => Pin::new(stream).poll_read(cx, into),
            Kind::Tls(stream) => Pin::new(stream).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = match &mut self.kind {
            Kind::Clear(stream) => Pin::new(stream).poll_write(cx, bytes),
            Kind::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        };
        self.bounded(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = match &mut self.kind {
            // The socket keeps nothing back.
            Kind::Clear(_) => return Poll::Ready(Ok(())),
            Kind::Tls(stream) => Pin::new(stream).poll_flush(cx),
        };
        self.bounded(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = match &mut self.kind {
            Kind::Clear(stream) => Pin::new(stream).poll_shutdown(cx),
            Kind::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        };
        self.bounded(cx, shut)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = match &mut self.kind {
            Kind::Clear(stream) => poll_write_pieces(stream, cx, bytes),
            Kind::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bytes),
        };
        self.bounded(cx, written)
    }
}
