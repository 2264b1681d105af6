//! The first bytes of a connection say what its client speaks.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::ready;

use tokio::io::{AsyncRead, ReadBuf};

use crate::limits::READ_BYTES;

/// What a client that speaks HTTP/2 says first (RFC 9113, 3.4).
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoken {
    Http1,
    Http2,
}

/// What a client has said so far, and in what.
pub(crate) struct Heard {
    pub(crate) spoken: Spoken,
    pub(crate) bytes: Vec<u8>,
}

/// Hears a new client until it is clear what it speaks. The caller bounds the time.
pub(crate) async fn hear(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Heard> {
    let mut bytes = Vec::new();
    loop {
        if !read(stream, &mut bytes).await? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(spoken) = spoken(&bytes) {
            return Ok(Heard { spoken, bytes });
        }
    }
}

/// What these first bytes are of; none while both are possible.
fn spoken(bytes: &[u8]) -> Option<Spoken> {
    if bytes.starts_with(PREFACE) {
        Some(Spoken::Http2)
    } else if PREFACE.starts_with(bytes) {
        None
    } else {
        Some(Spoken::Http1)
    }
}

/// Reads once; false at the end.
async fn read(stream: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> io::Result<bool> {
    poll_fn(|cx| {
        // On the stack, so that a connection that says nothing costs nothing.
        let mut piece = [MaybeUninit::uninit(); READ_BYTES];
        let mut into = ReadBuf::uninit(&mut piece);
        ready!(Pin::new(&mut *stream).poll_read(cx, &mut into))?;
        bytes.extend_from_slice(into.filled());
        Ok(!into.filled().is_empty()).into()
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preface_is_told_from_everything_else_as_soon_as_it_can_be() {
        for length in 0..PREFACE.len() {
            assert_eq!(spoken(&PREFACE[..length]), None);
        }
        assert_eq!(spoken(PREFACE), Some(Spoken::Http2));
        for other in [
            "G",
            "PRI * HTTP/1.1",
            "PRI * HTTP/2.0\r\n\r\nXM",
            "\x16\x03",
        ] {
            assert_eq!(spoken(other.as_bytes()), Some(Spoken::Http1), "{other:?}");
        }
    }
}
