//! An answer that takes its time.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Interval, interval};

/// Pieces of one.
const PIECES: u64 = 16;
/// Bytes of a piece.
const PIECE: [u8; 4_096] = [b'x'; 4_096];
/// Time between two of them: a second and a half from the first to the last.
const BEAT: Duration = Duration::from_millis(100);

/// Comes in pieces, one every [`BEAT`].
pub(crate) struct Long {
    left: u64,
    beat: Interval,
}

impl Long {
    pub(crate) fn new() -> Self {
        Self {
            left: PIECES,
            beat: interval(BEAT),
        }
    }
}

impl Body for Long {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        ready!(self.beat.poll_tick(context));
        self.left -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&PIECE)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left * PIECE.len() as u64)
    }
}
