//! Bytes both ways after an upgrade.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, copy_bidirectional};
use tokio::time::{Instant, sleep_until, timeout};

use crate::frames::{Frames, GOING_AWAY};
use crate::limits::{LINGER_BYTES, LINGER_TIME, UPGRADE_TIME};
use crate::ticket::{Meter, Ticket, Way};

/// Two sides that have switched to another protocol.
pub(crate) struct Tunnel {
    pub(crate) client: OnUpgrade,
    pub(crate) instance: OnUpgrade,
    /// What the client gets, if it is a WebSocket.
    pub(crate) frames: Option<Frames>,
}

impl Tunnel {
    /// Carries bytes both ways until both sides have ended, one fails, both are silent too long, or
    /// the ticket's slot is cut.
    pub(crate) async fn carry(self, ticket: Ticket) -> io::Result<()> {
        let both = async { tokio::try_join!(self.client, self.instance) };
        let (client, instance) = timeout(UPGRADE_TIME, both)
            .await?
            .map_err(io::Error::other)?;
        let last = Rc::new(Cell::new(Instant::now()));
        let meters = (ticket.meter(Way::FromClient), ticket.meter(Way::ToClient));
        let mut client = Watched::new(client, &last, (meters.0, self.frames));
        let mut instance = Watched::new(instance, &last, (meters.1, None));
        tokio::select! {
            biased;
            () = ticket.cut() => {}
            copied = copy_bidirectional(&mut client, &mut instance) => {
                return copied.map(|_counts| ());
            }
            () = silence(&last, ticket.terms().tunnel_silence) => return Err(io::ErrorKind::TimedOut.into()),
        }
        // Over for its slot; what follows is for the two sides only.
        drop(ticket);
        let ends = async { tokio::join!(client.end(), instance.end()) };
        let (client, instance) = timeout(LINGER_TIME, ends).await?;
        client.and(instance)
    }
}

async fn silence(last: &Cell<Instant>, longest: Duration) {
    loop {
        let until = last.get() + longest;
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
    /// Counts what it says.
    meter: Meter,
    /// What was written to it, if it is to be told when that ends.
    frames: Option<Frames>,
}

impl Watched {
    fn new(
        side: Upgraded,
        last: &Rc<Cell<Instant>>,
        (meter, frames): (Meter, Option<Frames>),
    ) -> Self {
        Self {
            side: TokioIo::new(side),
            last: last.clone(),
            meter,
            frames,
        }
    }

    /// Ends this side in order: a close frame where one may stand, then the end of what is written.
    /// What still comes is read for a while: dropped unread, it would take back what was written.
    async fn end(mut self) -> io::Result<()> {
        if self.frames.as_ref().is_some_and(Frames::may_close) {
            self.side.write_all(&GOING_AWAY).await?;
        }
        self.side.shutdown().await?;
        let mut rest = self.side.take(LINGER_BYTES as u64);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
        Ok(())
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.side).poll_read(cx, into);
        if read.is_ready() {
            self.meter.passed(into.filled().len() - before);
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
        let written = Pin::new(&mut self.side).poll_write(cx, bytes);
        if let (Some(frames), Poll::Ready(Ok(count))) = (&mut self.frames, &written) {
            frames.passed(bytes.get(..*count).unwrap_or_default());
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.side).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.side).poll_shutdown(cx)
    }
}
