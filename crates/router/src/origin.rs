//! One connection to one instance.

use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use rustix::net::RecvFlags;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::core::locked;
use crate::limits::{CONNECT_TIME, HEADERS, READ_BYTES};
use crate::upload::Upload;

/// A connection that can take a request.
pub(crate) struct Link {
    pub(crate) sender: SendRequest<Upload>,
    pub(crate) wire: Arc<Wire>,
}

/// The socket below a connection, as far as its user must know it.
pub(crate) struct Wire {
    stream: Mutex<TokioIo<TcpStream>>,
    /// A byte of the answer to the request under way has come.
    answering: AtomicBool,
}

impl Wire {
    /// Begins a request: no byte of its answer has come yet.
    pub(crate) fn begin(&self) {
        self.answering.store(false, Ordering::Relaxed);
    }

    /// Whether a byte of the answer has come.
    pub(crate) fn is_answering(&self) -> bool {
        self.answering.load(Ordering::Relaxed)
    }

    /// Whether the kernel holds nothing for it: neither the end nor bytes nobody asked for.
    pub(crate) fn is_quiet(&self) -> bool {
        let stream = locked(&self.stream);
        let mut byte = [0u8; 1];
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        rustix::net::recv(stream.inner(), &mut byte, flags).err()
            == Some(rustix::io::Errno::WOULDBLOCK)
    }
}

/// Connects to an instance and speaks HTTP/1.1 there.
pub(crate) async fn connect(address: SocketAddr) -> io::Result<Link> {
    let stream = timeout(CONNECT_TIME, TcpStream::connect(address)).await??;
    stream.set_nodelay(true)?;
    let wire = Arc::new(Wire {
        stream: Mutex::new(TokioIo::new(stream)),
        answering: AtomicBool::new(false),
    });
    let (sender, connection) = Builder::new()
        .max_headers(HEADERS)
        .handshake(Socket(wire.clone()))
        .await
        .map_err(io::Error::other)?;
    // Ends with the connection; the sender is all that keeps it open.
    tokio::task::spawn_local(async move {
        if let Err(why) = connection.with_upgrades().await {
            tracing::debug!(%why, "a connection to an instance ended");
        }
    });
    Ok(Link { sender, wire })
}

/// The socket as the HTTP side sees it.
struct Socket(Arc<Wire>);

impl Read for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let wire = &self.0;
        let mut stream = locked(&wire.stream);
        if wire.is_answering() {
            return Pin::new(&mut *stream).poll_read(cx, into);
        }
        // The cursor does not tell whether bytes came, so the first ones take a detour.
        let mut bytes = [MaybeUninit::uninit(); READ_BYTES];
        let space = into.remaining().min(READ_BYTES);
        let mut detour = ReadBuf::uninit(bytes.get_mut(..space).unwrap_or_default());
        ready!(Pin::new(stream.inner_mut()).poll_read(cx, &mut detour))?;
        if !detour.filled().is_empty() {
            wire.answering.store(true, Ordering::Relaxed);
            into.put_slice(detour.filled());
        }
        Poll::Ready(Ok(()))
    }
}

impl Write for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *locked(&self.0.stream)).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *locked(&self.0.stream)).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *locked(&self.0.stream)).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *locked(&self.0.stream)).poll_write_vectored(cx, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_nobody_has_polled_yet_is_seen() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("an address");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let link = connect(address).await.expect("connected");
            let (peer, _) = listener.accept().expect("accepted");
            assert!(link.wire.is_quiet());
            drop(peer);
            // Nothing is awaited from here on: the connection's own task can't have run.
            let until = std::time::Instant::now() + CONNECT_TIME;
            while link.wire.is_quiet() {
                assert!(std::time::Instant::now() < until, "the end never came");
            }
            assert!(!link.sender.is_closed());
        });
    }
}
