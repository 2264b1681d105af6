//! The first bytes of a connection say what its client speaks.

use std::future::{pending, poll_fn};
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::ready;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::core::Core;
use crate::limits::{ASK_TIME, READ_BYTES};
use crate::quiet::is_quiet;
use crate::stream::Stream;

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

/// Tells a new client's connection that those which rest are closed.
pub(crate) struct Closing<'c> {
    pub(crate) core: &'c Core,
    pub(crate) told: watch::Receiver<bool>,
}

impl Closing<'_> {
    /// Returns when those are closed that say nothing. Whoever came to a router that leaves came in time.
    async fn begun(&mut self) {
        // An error is a listener that is gone.
        drop(self.told.wait_for(|closing| *closing).await);
        if self.core.is_leaving() {
            pending::<()>().await;
        }
    }

    /// The same for one that has just said hello, if it speaks TLS: what it asks for comes a moment later, where in
    /// the clear it is what a client says first.
    async fn begun_since(&mut self, hello: Option<Instant>) {
        self.begun().await;
        if let Some(hello) = hello {
            sleep_until(hello + ASK_TIME).await;
        }
    }
}

/// Waits until a new client begins to say something; an error if it is closed before.
pub(crate) async fn begins(stream: &TcpStream, closing: &mut Closing<'_>) -> io::Result<()> {
    let mut byte = [0];
    tokio::select! {
        biased;
        peeked = stream.peek(&mut byte) => peeked.map(|_count| ()),
        () = closing.begun() => begun(is_quiet(stream)),
    }
}

/// Whether a client goes on whose listener is closed.
fn begun(is_quiet: bool) -> io::Result<()> {
    if is_quiet {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    Ok(())
}

/// Hears a new client, which has just said hello if it speaks TLS, until it is clear what it speaks, or it is closed
/// before it has begun. The caller bounds the time.
pub(crate) async fn hear(stream: &mut Stream, closing: &mut Closing<'_>) -> io::Result<Heard> {
    let mut bytes = Vec::new();
    let hello = stream.is_tls().then(Instant::now);
    let first = tokio::select! {
        biased;
        first = read(stream, &mut bytes) => Some(first?),
        () = closing.begun_since(hello) => None,
    };
    let mut goes_on = if let Some(goes_on) = first {
        goes_on
    } else {
        begun(stream.is_quiet())?;
        read(stream, &mut bytes).await?
    };
    loop {
        if !goes_on {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(spoken) = spoken(&bytes) {
            return Ok(Heard { spoken, bytes });
        }
        goes_on = read(stream, &mut bytes).await?;
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
async fn read(stream: &mut Stream, bytes: &mut Vec<u8>) -> io::Result<bool> {
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
