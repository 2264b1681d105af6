//! Bytes both ways after an upgrade.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::time::{Instant, sleep_until, timeout};

use crate::limits::{TUNNEL_SILENCE, UPGRADE_TIME};

/// Carries bytes both ways until both sides have ended, one fails, or both are silent too long.
pub(crate) async fn carry(client: OnUpgrade, instance: OnUpgrade) -> io::Result<()> {
    let both = async { tokio::try_join!(client, instance) };
    let (client, instance) = timeout(UPGRADE_TIME, both)
        .await?
        .map_err(io::Error::other)?;
    let last = Rc::new(Cell::new(Instant::now()));
    let mut client = Watched::new(client, &last);
    let mut instance = Watched::new(instance, &last);
    tokio::select! {
        copied = copy_bidirectional(&mut client, &mut instance) => copied.map(|_counts| ()),
        () = silence(&last) => Err(io::ErrorKind::TimedOut.into()),
    }
}

async fn silence(last: &Cell<Instant>) {
    loop {
        let until = last.get() + TUNNEL_SILENCE;
        if until <= Instant::now() {
            return;
        }
        sleep_until(until).await;
    }
}

/// One side, noting when it last said something.
struct Watched {
    side: TokioIo<Upgraded>,
    last: Rc<Cell<Instant>>,
}

impl Watched {
    fn new(side: Upgraded, last: &Rc<Cell<Instant>>) -> Self {
        Self {
            side: TokioIo::new(side),
            last: last.clone(),
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.side).poll_read(cx, into);
        if read.is_ready() {
            self.last.set(Instant::now());
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.side).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.side).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.side).poll_shutdown(cx)
    }
}
