//! Writing what lies in several pieces.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

use crate::limits::FLAT_BYTES;

/// Writes as much of `pieces` as the socket takes. A vectored write costs the kernel more than to copy a
/// head and a small body into one piece costs here.
pub(crate) fn poll_write_pieces<W: AsyncWrite + Unpin>(
    socket: &mut W,
    cx: &mut Context<'_>,
    pieces: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    let socket = Pin::new(socket);
    if let [only] = pieces {
        return socket.poll_write(cx, only);
    }
    let mut flat = [0; FLAT_BYTES];
    let mut end = 0;
    for piece in pieces {
        let Some(room) = flat.get_mut(end..end + piece.len()) else {
            return socket.poll_write_vectored(cx, pieces);
        };
        room.copy_from_slice(piece);
        end += piece.len();
    }
    socket.poll_write(cx, &flat[..end])
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// What arrives of these pieces.
    fn written(pieces: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        let slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let mut cx = Context::from_waker(Waker::noop());
        let written = poll_write_pieces(&mut out, &mut cx, &slices);
        assert!(matches!(written, Poll::Ready(Ok(count)) if count == out.len()));
        out
    }

    #[test]
    fn pieces_are_written_in_their_order_whatever_their_size() {
        let (small, large) = ([b'a'; 10], [b'b'; FLAT_BYTES]);
        let cases: [&[&[u8]]; 6] = [
            &[],
            &[&large],
            &[&small, &small],
            &[&small, b"", &large],
            &[&large, &small],
            &[&small, &large[10..]],
        ];
        for pieces in cases {
            assert_eq!(written(pieces), pieces.concat());
        }
    }
}
