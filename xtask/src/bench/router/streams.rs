//! An even load over HTTP/2: some connections are kept for as long as they may be, some used a few times
//! each. Latency counts from when a request was due, and none that was read is sent again.

use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};
use windlass_load::Histogram;

/// Connections at a time; every second one is used a few times only.
const CONNECTIONS: u32 = 8;
/// Time between two requests of a connection: 400 a second from all of them.
const EVERY: Duration = Duration::from_millis(20);
/// Requests of a connection that is not kept.
const FEW: u32 = 8;
/// Longest wait for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// One connection, which goes with its last request.
struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    _driver: JoinSet<()>,
}

/// What came of the requests so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) failed: u64,
    /// Those that the router had not read when it told their connection to go: they went out once more.
    pub(crate) moved: u64,
    /// Why the first of them did.
    pub(crate) why: Option<String>,
    /// Of those that were answered.
    pub(crate) latency: Histogram,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    seen: Mutex<Seen>,
}

/// The load under way, on a thread of its own. Dropping it lets it go on to the end of the process.
pub(crate) struct Streams {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

impl Streams {
    /// # Errors
    /// A thread or its runtime can't be started.
    pub(crate) fn start(target: SocketAddr) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("start a load")?;
        let shared = Arc::<Shared>::default();
        let driven = shared.clone();
        let thread = std::thread::Builder::new()
            .name("streams".to_owned())
            .spawn(move || runtime.block_on(all(target, &driven)))
            .context("start a load")?;
        Ok(Self { shared, thread })
    }

    /// What came of it so far.
    pub(crate) fn snapshot(&self) -> Seen {
        self.shared.seen().clone()
    }

    /// Sends nothing more, waits for the answers under way, and counts the last time.
    ///
    /// # Errors
    /// The load panicked.
    pub(crate) fn stop(self) -> anyhow::Result<Seen> {
        self.shared.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.join();
        ended.map_err(|_panic| anyhow::anyhow!("the load panicked"))?;
        Ok(self.shared.seen().clone())
    }
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self, due: Instant, result: anyhow::Result<()>) {
        let mut seen = self.seen();
        match result {
            Ok(()) => seen.latency.record(due.elapsed()),
            Err(why) => {
                seen.failed += 1;
                seen.why.get_or_insert(format!("{why:#}"));
            }
        }
    }
}

async fn all(target: SocketAddr, shared: &Arc<Shared>) {
    let mut speaking = JoinSet::new();
    for number in 0..CONNECTIONS {
        let few = (number % 2 == 1).then_some(FEW);
        speaking.spawn(speak(target, few, shared.clone()));
        tokio::time::sleep(EVERY / CONNECTIONS).await;
    }
    while speaking.join_next().await.is_some() {}
}

/// Asks evenly on one connection, and on another one after so `few` requests, or when it is told to go.
async fn speak(target: SocketAddr, few: Option<u32>, shared: Arc<Shared>) {
    let mut beat = interval(EVERY);
    let mut kept: Option<Arc<Connection>> = None;
    let mut asked = 0;
    let mut under_way = JoinSet::new();
    while !shared.stop.load(Ordering::Relaxed) {
        let due = beat.tick().await;
        while under_way.try_join_next().is_some() {}
        if few.is_some_and(|few| asked >= few) {
            kept = None;
        }
        let open = kept.take().filter(|open| !open.sender.is_closed());
        let connection = match open {
            Some(open) => open,
            None => match connect(target).await {
                Ok(new) => {
                    asked = 0;
                    Arc::new(new)
                }
                Err(why) => {
                    shared.ended(due, Err(why));
                    continue;
                }
            },
        };
        asked += 1;
        kept = Some(connection.clone());
        let shared = shared.clone();
        under_way.spawn(async move {
            let answered = timeout(ANSWER_WITHIN, ask(&connection, target, &shared)).await;
            let answered = answered.context("wait for an answer");
            shared.ended(due, answered.and_then(|answered| answered));
        });
    }
    while under_way.join_next().await.is_some() {}
}

async fn connect(target: SocketAddr) -> anyhow::Result<Connection> {
    let stream = TcpStream::connect(target).await.context("connect")?;
    stream.set_nodelay(true).context("send at once")?;
    let hands = handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (sender, connection) = hands.context("begin HTTP/2")?;
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        // Its requests say what became of it.
        connection.await.ok();
    });
    Ok(Connection {
        sender,
        _driver: driver,
    })
}

/// One request. It goes out on another connection if it was never written, or if the router told this one to go
/// before it read it, and said so.
async fn ask(connection: &Connection, target: SocketAddr, shared: &Shared) -> anyhow::Result<()> {
    let asking = connection.sender.clone().try_send_request(request(target)?);
    let why = match asking.await {
        Ok(response) => return whole(response).await,
        Err(why) => why,
    };
    let is_unread = is_unread(why.error());
    if why.message().is_none() && !is_unread {
        return Err(why.into_error()).context("hear an answer");
    }
    shared.seen().moved += u64::from(is_unread);
    let other = connect(target).await?;
    let answer = other.sender.clone().send_request(request(target)?).await;
    whole(answer.context("hear an answer")?).await
}

fn request(target: SocketAddr) -> anyhow::Result<Request<Empty<Bytes>>> {
    let request = Request::get(format!("http://{target}/1k")).body(Empty::new());
    request.context("write a request")
}

/// Whether a connection was told to go, with the words that this request was not among what was read.
fn is_unread(why: &hyper::Error) -> bool {
    let cause = why
        .source()
        .and_then(|cause| cause.downcast_ref::<h2::Error>());
    cause.is_some_and(|why| {
        why.is_go_away() && why.is_remote() && why.reason() == Some(h2::Reason::NO_ERROR)
    })
}

async fn whole(response: Response<Incoming>) -> anyhow::Result<()> {
    anyhow::ensure!(response.status() == 200, "HTTP {}", response.status());
    let body = response.into_body().collect().await;
    body.context("hear an answer to its end")?;
    Ok(())
}
