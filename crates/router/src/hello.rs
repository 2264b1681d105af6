//! The socket below TLS. While a client says hello, what it has said is kept until it is whole; that counts.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::budget::{Budget, Charge};
use crate::limits::HELLO_FREE;
use crate::records::Records;

/// A client's socket that speaks TLS.
pub(crate) struct Hello {
    socket: TcpStream,
    /// What it has said so far; none once it has said hello.
    said: Option<(Charge, usize)>,
    records: Records,
}

impl Hello {
    pub(crate) fn on(socket: TcpStream, budget: &Arc<Budget>) -> Self {
        Self {
            socket,
            said: Some((Charge::on(budget, HELLO_FREE), 0)),
            records: Records::default(),
        }
    }

    /// Notes that it has said hello: from now on no more of it is kept than one record.
    pub(crate) fn is_said(&mut self) {
        self.said = None;
    }

    /// Whether part of a record has come, which nobody has had anything of.
    pub(crate) fn is_inside_record(&self) -> bool {
        self.records.is_inside()
    }

    pub(crate) const fn socket(&self) -> &TcpStream {
        &self.socket
    }
}

impl AsyncRead for Hello {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let me = &mut *self;
        if let Some((charge, bytes)) = &me.said
            && charge.is_too_much(*bytes)
        {
            return Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into()));
        }
        let before = into.filled().len();
        ready!(Pin::new(&mut me.socket).poll_read(cx, into))?;
        let came = into.filled().get(before..).unwrap_or_default();
        me.records.follow(came);
        if let Some((charge, bytes)) = &mut me.said {
            *bytes += came.len();
            charge.hold(*bytes);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Hello {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bytes)
    }
}
