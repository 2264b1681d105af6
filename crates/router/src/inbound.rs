//! Heads of HTTP/2, counted as they are read.
//!
//! The library that reads them does not say how much it has of a head that does not end. So the frames are
//! followed here, by the nine bytes that each begins with. A head has its time, as in HTTP/1.1, and a large one
//! ends its connection while there is no memory left for all: until it has ended nothing else can come there.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::inflow::Inflow;
use crate::limits::HEAD_TIME;
use crate::opening::PREFACE;
use crate::stream::Stream;

/// Bytes that the library has for each byte of a head that has not ended: as it was read, as far as it is put
/// together, and as far as it is understood.
const HEAD_COST: usize = 3;
/// Bytes that a frame begins with (RFC 9113, 4.1).
const FRAME: usize = 9;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// Where in its frames a client is.
pub(crate) struct Frames {
    begin: [u8; FRAME],
    /// How much of that is known.
    known: usize,
    /// Bytes that follow of the frame, or of the preface.
    left: usize,
    inside: Inside,
    /// Bytes of a head that has not ended.
    head: usize,
    /// One has, since that was last asked.
    has_ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// Part of a head, and whether that ends with it.
    Head {
        last: bool,
    },
    Other,
}

impl Frames {
    /// Before the preface.
    pub(crate) const fn new() -> Self {
        Self {
            begin: [0; FRAME],
            known: 0,
            left: PREFACE.len(),
            inside: Inside::Other,
            head: 0,
            has_ended: false,
        }
    }

    /// Follows what was read.
    pub(crate) fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left == 0 {
                bytes = self.begin(bytes);
                continue;
            }
            let count = self.left.min(bytes.len());
            bytes = bytes.get(count..).unwrap_or_default();
            self.left -= count;
            if self.inside != Inside::Other {
                self.head += count;
            }
            self.end_head();
        }
    }

    /// Takes what begins a frame; what is left of `bytes`.
    fn begin<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let count = (FRAME - self.known).min(bytes.len());
        let (begin, rest) = bytes.split_at(count);
        let into = self.begin.iter_mut().skip(self.known);
        into.zip(begin).for_each(|(into, byte)| *into = *byte);
        self.known += count;
        if self.known == FRAME {
            self.known = 0;
            let [high, middle, low, kind, flags, ..] = self.begin;
            self.left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
            let last = flags & END_HEADERS > 0;
            self.inside = match kind {
                HEADERS | CONTINUATION => Inside::Head { last },
                _ => Inside::Other,
            };
            self.end_head();
        }
        rest
    }

    fn end_head(&mut self) {
        if self.left == 0 && self.inside == (Inside::Head { last: true }) {
            self.head = 0;
            self.has_ended = true;
        }
    }
}

/// A client's connection that speaks HTTP/2.
pub(crate) struct Inbound {
    stream: Stream,
    frames: Frames,
    flow: Arc<Inflow>,
    /// The time limit of a head that has begun.
    limit: Option<Pin<Box<Sleep>>>,
}

impl Inbound {
    /// `heard` is what was read of it already.
    pub(crate) fn new(stream: Stream, heard: &[u8], flow: Arc<Inflow>) -> Self {
        let mut inbound = Self {
            stream,
            frames: Frames::new(),
            flow,
            limit: None,
        };
        inbound.note(heard);
        inbound
    }

    fn note(&mut self, bytes: &[u8]) {
        let before = self.frames.head;
        self.frames.follow(bytes);
        let head = self.frames.head;
        if head != before {
            self.flow.heads(head * HEAD_COST, before * HEAD_COST);
        }
        // The next one has its own time.
        if std::mem::take(&mut self.frames.has_ended) {
            self.limit = None;
        }
    }
}

impl AsyncRead for Inbound {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let me = &mut *self;
        let before = into.filled().len();
        if Pin::new(&mut me.stream).poll_read(cx, into)?.is_ready() {
            me.note(into.filled().get(before..).unwrap_or_default());
            if me.flow.is_too_large(me.frames.head * HEAD_COST) {
                return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
            }
            return Poll::Ready(Ok(()));
        }
        if me.frames.head > 0 {
            let until = || Box::pin(sleep_until(Instant::now() + HEAD_TIME));
            ready!(me.limit.get_or_insert_with(until).as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl AsyncWrite for Inbound {
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
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A frame of this kind and with these flags.
    fn frame(kind: u8, flags: u8, length: usize) -> Vec<u8> {
        let mut frame = u32::try_from(length).expect("short").to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags, 0, 0, 0, 1]);
        frame.resize(FRAME + length, b'x');
        frame
    }

    #[test]
    fn a_head_counts_until_its_last_byte() {
        let mut frames = Frames::new();
        frames.follow(PREFACE);
        frames.follow(&frame(HEADERS, 0, 100));
        assert_eq!(frames.head, 100);
        let last = frame(CONTINUATION, END_HEADERS, 50);
        frames.follow(&last[..last.len() - 1]);
        assert_eq!(frames.head, 149);
        frames.follow(b"x");
        assert_eq!(frames.head, 0);
        frames.follow(&frame(HEADERS, 0, 7));
        frames.follow(&frame(CONTINUATION, END_HEADERS, 0));
        assert_eq!(frames.head, 0, "one without a byte ends it too");
    }

    proptest! {
        #[test]
        fn heads_are_counted_whatever_stands_before_them_and_however_that_is_cut(
            lengths in proptest::collection::vec((0u8..12, 0usize..300), 0..20),
            cut in 1usize..50,
        ) {
            let mut bytes = PREFACE.to_vec();
            for (kind, length) in lengths {
                bytes.extend(frame(kind, END_HEADERS, length));
            }
            let mut frames = Frames::new();
            bytes.chunks(cut).for_each(|piece| frames.follow(piece));
            prop_assert_eq!(frames.head, 0);
            frame(HEADERS, 0, 70).chunks(cut).for_each(|piece| frames.follow(piece));
            prop_assert_eq!(frames.head, 70);
        }
    }
}
