//! In-process servers, each on a thread and a runtime of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use windlass_load::{Counts, Load, LoadPlan};

/// How long a condition may take to come true on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a server has seen.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) connections: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) asked_to_close: AtomicU64,
}

/// How a server answers request `number` (from 0).
pub(crate) type Behaviour = Arc<dyn Fn(u64) -> Reply + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) after: Duration,
}

impl Reply {
    pub(crate) fn good() -> Self {
        let headers = vec![("Version-Chain", "web=1".to_owned())];
        Self {
            status: 200,
            headers,
            after: Duration::ZERO,
        }
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Seen>,
    die: watch::Sender<bool>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Server {
    /// Listens and answers until it dies.
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        listener.set_nonblocking(true).expect("a setting");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Seen::default());
        let (die, mut dies) = watch::channel(false);
        let counted = Arc::clone(&seen);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("one");
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).expect("a listener");
                tokio::select! {
                    () = serve(listener, behaviour, counted) => {}
                    _ = dies.wait_for(|die| *die) => {}
                }
            });
        });
        Self {
            address,
            seen,
            die,
            thread: Mutex::new(Some(thread)),
        }
    }

    pub(crate) fn good() -> Self {
        Self::start(Arc::new(|_| Reply::good()))
    }

    /// Drops the listener and every connection, as a killed process does.
    pub(crate) fn die(&self) {
        self.die.send(true).ok();
        let thread = self.thread.lock().expect("not poisoned").take();
        if let Some(thread) = thread {
            thread.join().expect("it ends");
        }
    }

    pub(crate) fn plan(&self) -> LoadPlan {
        LoadPlan {
            target: self.address,
            path: "/shop".to_owned(),
            per_second: 400,
            connections: 16,
            fresh_every: None,
            timeout: Duration::from_secs(10),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.die();
    }
}

async fn serve(listener: TcpListener, behaviour: Behaviour, seen: Arc<Seen>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        seen.connections.fetch_add(1, Ordering::Relaxed);
        let (behaviour, seen) = (Arc::clone(&behaviour), Arc::clone(&seen));
        connections.spawn(async move {
            let answer = service_fn(|request| answer(request, &behaviour, &seen));
            let http = hyper::server::conn::http1::Builder::new();
            http.serve_connection(TokioIo::new(stream), answer)
                .await
                .ok();
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    behaviour: &Behaviour,
    seen: &Seen,
) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    let number = seen.requests.fetch_add(1, Ordering::Relaxed);
    if request
        .headers()
        .get("connection")
        .is_some_and(|value| value == "close")
    {
        seen.asked_to_close.fetch_add(1, Ordering::Relaxed);
    }
    let reply = behaviour(number);
    tokio::time::sleep(reply.after).await;
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Full::new(Bytes::from_static(b"fine\n")))
}

pub(crate) fn every(n: u32) -> Option<NonZeroU32> {
    NonZeroU32::new(n)
}

/// Looks at the counts until `enough` of them.
pub(crate) fn wait_until(load: &Load, enough: impl Fn(&Counts) -> bool) -> Counts {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let counts = load.snapshot();
        if enough(&counts) {
            return counts;
        }
        assert!(Instant::now() < deadline, "still only {counts:?}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
