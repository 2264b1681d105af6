//! The client's connection, read through [`Framing`].
//!
//! The HTTP parser behind reads only what passed: whole, unambiguous heads, and bodies in step with
//! them. A head that is refused is replaced by a harmless one that ends the connection, and marked,
//! so that the answer is the router's own and says so. The time limits of heads and bodies are kept
//! here, because only here it is known which of them a connection is in; so is whether the client is
//! still there while the parser behind reads nothing.

use std::future::Future;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::budget::{Charge, Unsent};
use crate::connection::Line;
use crate::core::locked;
use crate::framing::{Framing, Stage, Stop};
use crate::head::Fault;
use crate::limits::{HEAD_TIME, LINGER_BYTES, LINGER_TIME, READ_BYTES};
use crate::pauses::Pauses;
use crate::presence::Presence;
use crate::stream::Stream;

/// Stands in for a head that was refused.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n";

/// What the connection's reader and its service tell each other.
#[derive(Debug, Default)]
pub(crate) struct Word {
    refused: Mutex<Option<(u64, Fault)>>,
    /// Requests answered so far.
    answered: AtomicU64,
    /// The last of them was answered with a tunnel.
    tunnel: AtomicBool,
    /// Nothing but the end of the connection says where the answer under way ends.
    is_open_ended: AtomicBool,
    /// No further request is waited for.
    is_closing: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Word {
    /// Why the so-manieth request is refused, if it is.
    pub(crate) fn fault(&self, number: u64) -> Option<Fault> {
        let refused = *locked(&self.refused);
        refused
            .filter(|(head, _)| *head == number)
            .map(|(_, why)| why)
    }

    /// Says that the so-manieth request is answered, and whether a tunnel follows it.
    pub(crate) fn answered(&self, number: u64, tunnel: bool) {
        self.tunnel.store(tunnel, Ordering::Release);
        self.answered.store(number + 1, Ordering::Release);
        if let Some(waker) = locked(&self.waker).take() {
            waker.wake();
        }
    }

    /// Says that the end of the connection is the end of the answer that begins now.
    pub(crate) fn ends_with_connection(&self) {
        self.is_open_ended.store(true, Ordering::Relaxed);
    }

    /// Has the connection end as soon as it rests. What the client has begun to say is still heard, and answered.
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
    }

    /// Whether it is to end.
    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }

    /// Whether a tunnel follows the last of so many requests; none before it is answered.
    fn decision(&self, heads: u64) -> Option<bool> {
        let answered = self.answered.load(Ordering::Acquire);
        (answered >= heads).then(|| self.tunnel.load(Ordering::Acquire))
    }
}

/// One client connection.
pub(crate) struct Guard {
    stream: Stream,
    word: Arc<Word>,
    pauses: Arc<Pauses>,
    unsent: Arc<Unsent>,
    /// What was read, of heads for the most part: one that passed is let go when its answer begins.
    heads: Arc<Charge>,
    framing: Framing,
    /// Read and not yet taken by the parser behind.
    buffer: Vec<u8>,
    /// Where the part that is not yet taken begins.
    start: usize,
    /// Where the part that passed ends.
    passed: usize,
    /// A head was refused: nothing more is read.
    refused: bool,
    /// The time limit of what is being waited for.
    limit: Option<Pin<Box<Sleep>>>,
    linger: Option<Linger>,
    /// The parser behind waits for what the client sends, so that the end is met by reading.
    is_read: bool,
    presence: Presence,
}

struct Linger {
    until: Pin<Box<Sleep>>,
    left: usize,
}

impl Guard {
    /// `heard` is what was read of the client already.
    pub(crate) fn new(
        stream: Stream,
        heard: Vec<u8>,
        (word, heads): (Arc<Word>, Arc<Charge>),
        line: &Line,
    ) -> Self {
        Self {
            stream,
            word,
            pauses: line.pauses.clone(),
            unsent: line.rest.unsent.clone(),
            heads,
            framing: Framing::new(),
            buffer: heard,
            start: 0,
            passed: 0,
            refused: false,
            limit: None,
            linger: None,
            is_read: true,
            presence: Presence::default(),
        }
    }

    fn give(&mut self, into: &mut ReadBufCursor<'_>) -> bool {
        let count = (self.passed - self.start).min(into.remaining());
        let Some(bytes) = self.buffer.get(self.start..self.start + count) else {
            return false;
        };
        into.put_slice(bytes);
        self.start += count;
        if self.start == self.buffer.len() {
            // Freed rather than kept: most connections rest most of the time.
            self.buffer = Vec::new();
            (self.start, self.passed) = (0, 0);
        }
        if count > 0 {
            self.presence.moved();
            self.is_read = false;
        }
        count > 0
    }

    /// Passes on what may pass of what was read.
    fn pass(&mut self) -> io::Result<()> {
        if self.framing.stage() == Stage::Undecided
            && let Some(tunnel) = self.word.decision(self.framing.heads())
        {
            self.framing.decide(tunnel);
        }
        let rest = self.buffer.get(self.passed..).unwrap_or_default();
        match self.framing.advance(rest) {
            Ok(0) => Ok(()),
            Ok(more) => {
                self.passed += more;
                self.limit = None;
                Ok(())
            }
            Err(Stop::Head(number, why)) => {
                self.refuse(number, why);
                Ok(())
            }
            Err(Stop::Body) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the request's chunks can't be read",
            )),
        }
    }

    fn refuse(&mut self, number: u64, why: Fault) {
        *locked(&self.word.refused) = Some((number, why));
        self.refused = true;
        self.limit = None;
        self.buffer.truncate(self.passed);
        self.buffer.extend_from_slice(STAND_IN);
        self.passed = self.buffer.len();
    }

    /// Reads once from the client; false at its end.
    fn fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.passed -= self.start;
            self.start = 0;
        }
        let mut bytes = [MaybeUninit::uninit(); READ_BYTES];
        // What is read of a body lies in several places on its way.
        let most = match self.framing.stage() {
            Stage::Body => self.heads.at_once().min(READ_BYTES),
            Stage::Head | Stage::Undecided | Stage::Tunnel => READ_BYTES,
        };
        let mut into = ReadBuf::uninit(bytes.get_mut(..most).unwrap_or_default());
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut into))?;
        let count = into.filled().len();
        self.buffer.reserve_exact(count);
        self.buffer.extend_from_slice(into.filled());
        self.heads.hold(self.buffer.len());
        Poll::Ready(Ok(count > 0))
    }

    /// Waits no longer than the stage allows. Ready when the time is up.
    fn poll_limit(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let time = match self.framing.stage() {
            Stage::Head if !self.buffer.is_empty() || self.stream.is_inside_record() => HEAD_TIME,
            // A little longer than whoever waits for it: that one can still say why it ends.
            Stage::Body => self.pauses.upload() + LINGER_TIME,
            // At rest, or the origin's turn: timed elsewhere.
            Stage::Head | Stage::Undecided | Stage::Tunnel => {
                // A record may have had nothing of a head in it.
                self.limit = None;
                return Poll::Pending;
            }
        };
        let limit = self
            .limit
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + time)));
        limit.as_mut().poll(cx)
    }

    /// Notes what the client took.
    fn noted(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(count)) = written
            && count > 0
        {
            self.presence.moved();
            // Also what frames it, which was not given: set right as soon as nothing is left.
            self.unsent.written(count);
        }
        written
    }

    /// Whether it is to end, and its client has begun to say nothing.
    fn is_over(&self) -> bool {
        self.word.is_closing()
            && self.framing.stage() == Stage::Head
            && self.buffer.is_empty()
            && self.stream.is_quiet()
    }

    /// What the end of a time limit means: a word for a head, the end for a body.
    fn time_is_up(&mut self) -> io::Result<()> {
        self.limit = None;
        if self.framing.stage() == Stage::Body {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.refuse(self.framing.heads(), Fault::TooSlow);
        Ok(())
    }
}

impl Drop for Guard {
    /// What broke off must not look like an answer that came whole: a cache on the way would keep it.
    fn drop(&mut self) {
        if self.word.is_open_ended.load(Ordering::Relaxed) {
            self.stream.break_off();
        }
    }
}

impl Read for Guard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let me = &mut *self;
        loop {
            if me.give(&mut into) {
                return Poll::Ready(Ok(()));
            }
            if me.refused {
                return Poll::Pending;
            }
            me.pass()?;
            if me.passed > me.start {
                continue;
            }
            // One head that has not ended: bodies and whole heads have passed.
            let unjudged = me.buffer.len() - me.passed;
            if me.framing.stage() == Stage::Head && me.heads.is_too_much(unjudged) {
                me.refuse(me.framing.heads(), Fault::NoRoom);
                continue;
            }
            if me.framing.stage() == Stage::Undecided {
                *locked(&me.word.waker) = Some(cx.waker().clone());
                return Poll::Pending;
            }
            match me.fill(cx) {
                Poll::Ready(Ok(true)) => {}
                Poll::Ready(Ok(false)) => return Poll::Ready(Ok(())),
                Poll::Ready(Err(why)) => return Poll::Ready(Err(why)),
                Poll::Pending => {
                    me.is_read = true;
                    if me.is_over() {
                        return Poll::Ready(Ok(()));
                    }
                    ready!(me.poll_limit(cx));
                    me.time_is_up()?;
                }
            }
        }
    }
}

impl Guard {
    /// Takes what a refused client still sends, for a moment: closing at once would reset the
    /// connection, and the client might lose the answer that says why.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let linger = self.linger.get_or_insert_with(|| Linger {
            until: Box::pin(sleep_until(Instant::now() + LINGER_TIME)),
            left: LINGER_BYTES,
        });
        let mut bytes = [0; 4096];
        loop {
            if linger.left == 0 || linger.until.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let mut into = ReadBuf::new(&mut bytes);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut into)) {
                Ok(()) if !into.filled().is_empty() => {
                    linger.left = linger.left.saturating_sub(into.filled().len());
                }
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
    }
}

impl Write for Guard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let pause = self.pauses.download();
        self.stream.expect_within(pause);
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.noted(written)
    }

    /// Called with each turn of the connection, after all that there is was read and written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let me = &mut *self;
        if !me.is_read && me.framing.stage() != Stage::Tunnel {
            me.presence.poll(&me.stream, cx)?;
        }
        ready!(Pin::new(&mut me.stream).poll_flush(cx))?;
        me.unsent.all_written();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            // Asked for after a whole answer only.
            self.word.is_open_ended.store(false, Ordering::Relaxed);
        }
        if self.refused || self.framing.stage() == Stage::Body {
            ready!(self.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let pause = self.pauses.download();
        self.stream.expect_within(pause);
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.noted(written)
    }
}
