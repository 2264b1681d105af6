//! One connection to one instance: a request at a time, or many.

use std::cell::{Cell, RefCell};
use std::error::Error as _;
use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::client::conn::{TrySendError, http2};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::io::Errno;
use rustix::net::sockopt::set_socket_linger;
use rustix::net::{Shutdown, shutdown};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use windlass_model::Speaks;

use crate::budget::Ahead;
use crate::core::locked;
use crate::limits::{
    ALIVE_EVERY, ALIVE_TIME, ANSWER_BYTES, HEADER_LIST_BYTES, READY_TIME, SENT_STREAMS,
    STREAM_SEND_BYTES, STREAM_WINDOW, WINDOWS,
};
use crate::live::InstanceState;
use crate::multiplexed::Here;
use crate::outlets::{Outlet, Outlets};
use crate::pieces::poll_write_pieces;
use crate::quiet::is_quiet;
use crate::scratch::with_scratch;
use crate::upload::Upload;

/// A connection that can take a request.
pub(crate) enum Link {
    InTurn(InTurn),
    Multiplexed(Multiplexed),
}

/// One that speaks HTTP/1.1.
pub(crate) struct InTurn {
    pub(crate) sender: SendRequest<Upload>,
    pub(crate) wire: Arc<Wire>,
    /// A request was sent, and it or its answer has not come to its end.
    under_way: bool,
}

impl Drop for InTurn {
    /// Breaks off what is under way: nobody waits for it any more. An end in order would wait for an instance
    /// that takes no more of it, and lie behind that; also where what the client sent has ended it before.
    fn drop(&mut self) {
        if self.under_way {
            self.wire.reset();
        }
    }
}

/// One that speaks HTTP/2: each request has one of these, and the pool has one.
pub(crate) struct Multiplexed {
    sender: http2::SendRequest<Upload>,
    place: Rc<Place>,
    shared: Rc<Shared>,
}

/// One of those on a connection that speaks HTTP/2, held until both ways of its stream have ended.
pub(crate) struct Place(Rc<()>);

/// What all have in common that are on such a connection.
struct Shared {
    driven: Driven,
    /// Its instance takes no more on it.
    is_leaving: Cell<bool>,
}

/// What moves it, until it has ended.
type Driven = RefCell<Option<http2::Connection<TokioIo<TcpStream>, Upload, Here>>>;

impl InTurn {
    /// Whether it can take a request soon; one given back a moment ago may still be putting its last
    /// answer away.
    pub(crate) async fn is_ready_soon(&mut self) -> bool {
        self.sender.is_ready()
            || matches!(timeout(READY_TIME, self.sender.ready()).await, Ok(Ok(())))
    }

    /// Notes that its request has gone out whole and its answer has come whole.
    pub(crate) fn ended(&mut self) {
        self.under_way = false;
        self.wire.ahead.end();
    }

    /// Notes that it is a tunnel's now, which ends it.
    pub(crate) fn switched(&mut self) {
        self.ended();
        self.wire.is_bare.store(true, Ordering::Relaxed);
    }
}

impl Multiplexed {
    /// The same connection for one more.
    pub(crate) fn join(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            place: Rc::new(Place(self.place.0.clone())),
            shared: self.shared.clone(),
        }
    }

    /// Whether nothing can be sent on it any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed() || self.shared.is_leaving.get()
    }

    /// Whether nothing is under way on it: also the body of what was answered has gone out.
    pub(crate) fn is_idle(&self) -> bool {
        Rc::strong_count(&self.place) == 1 && self.shared_by() == 1
    }

    /// How many have it.
    pub(crate) fn shared_by(&self) -> usize {
        Rc::strong_count(&self.place.0)
    }

    /// How many requests are sent to its instance at once: one less than it takes. The library lets the one that
    /// fills a connection wait, and drops it without a word if GOAWAY comes meanwhile.
    pub(crate) fn most(&self) -> usize {
        let driven = self.shared.driven.borrow();
        let most = driven
            .as_ref()
            .map_or(0, http2::Connection::current_max_send_streams);
        let most = if most > 1 { most - 1 } else { most };
        most.min(SENT_STREAMS)
    }
}

impl Link {
    pub(crate) fn version(&self) -> Version {
        match self {
            Self::InTurn(_) => Version::HTTP_11,
            Self::Multiplexed(_) => Version::HTTP_2,
        }
    }

    /// Sends a request and waits for its answer's head.
    pub(crate) async fn send(
        &mut self,
        request: Request<Upload>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Upload>>> {
        match self {
            Self::InTurn(link) => {
                link.wire.begin();
                link.under_way = true;
                link.sender.try_send_request(request).await
            }
            Self::Multiplexed(link) => link.sender.try_send_request(request).await,
        }
    }

    /// What was read of the answer and is with nobody yet. HTTP/2 has windows for that.
    pub(crate) fn ahead(&self) -> Option<&Ahead> {
        match self {
            Self::InTurn(link) => Some(&link.wire.ahead),
            Self::Multiplexed(_) => None,
        }
    }

    /// Whether it ended before anything came of an answer that was lost for this reason.
    pub(crate) fn has_said_nothing(&self, why: &hyper::Error) -> bool {
        match self {
            Self::InTurn(link) => !link.wire.is_answering(),
            // Bytes of one answer can't be told from those of another; but one that is reset was an answer.
            Self::Multiplexed(_) => {
                !why.is_timeout() && !cause(why).is_some_and(h2::Error::is_reset)
            }
        }
    }

    /// Notes why a request was lost on it: where its instance takes no more on it, nobody joins it any more.
    pub(crate) fn lost(&self, why: &hyper::Error) {
        if let Self::Multiplexed(link) = self
            && cause(why).is_some_and(h2::Error::is_go_away)
        {
            link.shared.is_leaving.set(true);
        }
    }

    /// Its place among those that share it, if they do.
    pub(crate) fn place(&self) -> Option<Rc<Place>> {
        match self {
            Self::InTurn(_) => None,
            Self::Multiplexed(link) => Some(link.place.clone()),
        }
    }
}

/// The socket below a connection, as far as its user must know it.
pub(crate) struct Wire {
    stream: Mutex<TokioIo<TcpStream>>,
    /// A byte of the answer to the request under way has come.
    answering: AtomicBool,
    /// Nobody waits for an answer on it any more: it is reset, or a tunnel's.
    is_bare: AtomicBool,
    /// A write has met the instance's reset, which the kernel tells once only.
    was_cut: AtomicBool,
    ahead: Ahead,
    /// Held as long as the socket is open, also by a tunnel.
    outlet: Outlet,
}

impl Wire {
    /// Begins a request: no byte of its answer has come yet.
    fn begin(&self) {
        self.answering.store(false, Ordering::Relaxed);
        self.ahead.begin();
    }

    /// Whether a byte of the answer has come.
    fn is_answering(&self) -> bool {
        self.answering.load(Ordering::Relaxed)
    }

    /// Resets the connection, whatever was not sent yet.
    fn reset(&self) {
        self.is_bare.store(true, Ordering::Relaxed);
        let stream = locked(&self.stream);
        // Told with the reset, once the connection's own task, which this wakes, lets go of it. An error is a
        // connection that has ended already.
        set_socket_linger(stream.inner(), Some(Duration::ZERO)).ok();
        shutdown(stream.inner(), Shutdown::Both).ok();
    }

    /// What became of a write. An instance that takes no more may have answered before it closed: what it said
    /// lies there to be read, and behind it the end, so the library must not end before it has read that.
    fn written<T>(&self, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let Poll::Ready(Err(why)) = &written else {
            return written;
        };
        let was_cut = why.kind() == io::ErrorKind::ConnectionReset;
        let is_closed = was_cut || why.kind() == io::ErrorKind::BrokenPipe;
        if !is_closed || self.is_bare.load(Ordering::Relaxed) {
            return written;
        }
        self.was_cut.fetch_or(was_cut, Ordering::Relaxed);
        // The end that is to be read wakes whoever waits here, too.
        Poll::Pending
    }

    /// What a read that brought nothing has met: the end, or the reset that a write has taken from it. What ends
    /// only with the connection must not pass for whole.
    fn ended(&self) -> io::Result<()> {
        if self.was_cut.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }

    /// Whether the kernel holds nothing for it: neither the end nor bytes nobody asked for.
    pub(crate) fn is_quiet(&self) -> bool {
        is_quiet(locked(&self.stream).inner())
    }
}

/// Connects to an instance, if there may be one connection more, and speaks what it speaks; each of both may
/// take so long.
pub(crate) async fn connect(
    instance: &InstanceState,
    within: Duration,
    outlets: &Arc<Outlets>,
) -> io::Result<Link> {
    let outlet = outlets.take()?;
    let stream = timeout(within, TcpStream::connect(instance.address)).await??;
    stream.set_nodelay(true)?;
    match instance.speaks {
        Speaks::Http1 => in_turn(stream, outlet).await.map(Link::InTurn),
        Speaks::Http2 => {
            let hands = timeout(within, multiplexed(stream, outlet)).await?;
            hands.map(Link::Multiplexed)
        }
    }
}

/// Whether it was this machine that had nothing left to connect with: the instance is not to blame.
pub(crate) fn is_own_lack(why: &io::Error) -> bool {
    let lacks = [
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOBUFS,
        Errno::NOMEM,
        Errno::ADDRNOTAVAIL,
    ];
    Errno::from_io_error(why).is_some_and(|errno| lacks.contains(&errno))
}

/// Whether an instance says that it has not looked at a request: one that came after the last it takes, or that
/// it refused before anything else (RFC 9113, 8.7).
pub(crate) fn was_refused(why: &hyper::Error) -> bool {
    cause(why).is_some_and(|why| {
        let refused = why.is_reset() && why.reason() == Some(h2::Reason::REFUSED_STREAM);
        why.is_remote() && (why.is_go_away() || refused)
    })
}

/// What HTTP/2 says of it, if anything.
fn cause(why: &hyper::Error) -> Option<&h2::Error> {
    why.source().and_then(|cause| cause.downcast_ref())
}

async fn multiplexed(stream: TcpStream, outlet: Outlet) -> io::Result<Multiplexed> {
    let (sender, connection) = http2::Builder::new(Here)
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(STREAM_WINDOW * WINDOWS)
        .max_header_list_size(HEADER_LIST_BYTES)
        .max_send_buf_size(STREAM_SEND_BYTES)
        // Until it says how many it takes, one is sent.
        .initial_max_send_streams(2)
        .keep_alive_interval(ALIVE_EVERY)
        .keep_alive_timeout(ALIVE_TIME)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let shared = Rc::new(Shared {
        driven: RefCell::new(Some(connection)),
        is_leaving: Cell::new(false),
    });
    let mine = shared.clone();
    // Ends with the connection; the senders are all that keeps it open.
    tokio::task::spawn_local(async move {
        if let Err(why) = poll_fn(|cx| drive(&mine.driven, cx)).await {
            tracing::debug!(%why, "a connection to an instance ended");
        }
        drop(outlet);
    });
    Ok(Multiplexed {
        sender,
        place: Rc::new(Place(Rc::default())),
        shared,
    })
}

/// Moves a connection; one that has ended goes, and with it what waits for it.
fn drive(driven: &Driven, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
    let mut driven = driven.borrow_mut();
    let Some(connection) = driven.as_mut() else {
        return Poll::Ready(Ok(()));
    };
    let ended = ready!(Pin::new(connection).poll(cx));
    *driven = None;
    Poll::Ready(ended)
}

async fn in_turn(stream: TcpStream, outlet: Outlet) -> io::Result<InTurn> {
    let wire = Arc::new(Wire {
        stream: Mutex::new(TokioIo::new(stream)),
        answering: AtomicBool::new(false),
        is_bare: AtomicBool::new(false),
        was_cut: AtomicBool::new(false),
        ahead: Ahead::on(outlet.memory()),
        outlet,
    });
    // The library's own limit of lines is `HEADERS`; to set it costs a copy of the room for all of them
    // with every head.
    let (sender, connection) = Builder::new()
        .max_buf_size(ANSWER_BYTES)
        .handshake(Socket(wire.clone()))
        .await
        .map_err(io::Error::other)?;
    // Ends with the connection; the sender is all that keeps it open.
    tokio::task::spawn_local(async move {
        if let Err(why) = connection.with_upgrades().await {
            tracing::debug!(%why, "a connection to an instance ended");
        }
    });
    Ok(InTurn {
        sender,
        wire,
        under_way: false,
    })
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
        let most = wire.outlet.at_once();
        let was_cut = wire.was_cut.load(Ordering::Relaxed);
        if wire.is_answering() && into.remaining() <= most && !was_cut {
            let most = into.remaining();
            ready!(Pin::new(&mut *stream).poll_read(cx, into))?;
            // How much came is not told: as much as there was room for, until it is known better.
            wire.ahead.came(most);
            return Poll::Ready(Ok(()));
        }
        // The cursor does not tell whether bytes came, so the first ones take a detour, and those behind a reset;
        // so does what is to be less than there is room for.
        with_scratch(|room| {
            let space = into.remaining().min(room.len()).min(most);
            let mut detour = ReadBuf::new(room.get_mut(..space).unwrap_or_default());
            ready!(Pin::new(stream.inner_mut()).poll_read(cx, &mut detour))?;
            if detour.filled().is_empty() {
                return Poll::Ready(wire.ended());
            }
            wire.answering.store(true, Ordering::Relaxed);
            wire.ahead.came(detour.filled().len());
            into.put_slice(detour.filled());
            Poll::Ready(Ok(()))
        })
    }
}

impl Write for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut *locked(&self.0.stream)).poll_write(cx, bytes);
        self.0.written(written)
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
        let written = poll_write_pieces(locked(&self.0.stream).inner_mut(), cx, bytes);
        self.0.written(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::CONNECT_TIME;

    #[test]
    fn an_end_that_nobody_has_polled_yet_is_seen() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("an address");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let stream = TcpStream::connect(address).await.expect("connected");
            let outlet = Outlets::beside(1).take().expect("room");
            let link = in_turn(stream, outlet).await.expect("connected");
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
