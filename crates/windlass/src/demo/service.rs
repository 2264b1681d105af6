//! One service of the demo: answers with its version, through whatever it needs.
//!
//! Each answer carries `Version-Chain`: this service, then what its upstreams said, as in
//! `web=2,api=1,auth=1`. An upstream's bad answer that names its services is passed on with its
//! status, so that the client sees whose fault it was; anything else of an upstream is a 502 with
//! this service's name only.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, sleep_until, timeout};
use windlass_load::{Answer, Connections, Reuse};

use super::fault::{Faulty, Trouble};
use super::ledger::{self, Ledger};

/// The path that is answered without asking anyone, and without being counted.
const READY: &str = "/health/ready";

/// The path that says how its parts are.
const DETAILED: &str = "/health/detailed";

/// The header that says who answered.
const VERSION_CHAIN: &str = "version-chain";

/// Most connections at a time; the next wait in the kernel's queue.
const CONNECTIONS_MOST: usize = 1_024;

/// Most connections to one upstream.
const UPSTREAM_CONNECTIONS_MOST: usize = 128;

/// Longest wait for an upstream's answer.
const UPSTREAM_WITHIN: Duration = Duration::from_secs(10);

/// Time between two looks at whether the ledger must be written.
const FLUSH_EVERY: Duration = Duration::from_millis(50);

/// Longest wait, after being asked to stop, for answers under way.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// After being asked to stop, how long a connection that never carried a request may bring one.
const FIRST_REQUEST_WITHIN: Duration = Duration::from_millis(100);

/// How long to wait when no connection can be accepted, as without free descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(20);

/// What one instance is told.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// What it is called in the version chain.
    pub(crate) name: String,
    /// Its version there.
    pub(crate) version: String,
    /// Where it listens, on 127.0.0.1.
    pub(crate) port: u16,
    /// Whom each request asks, such as `http://127.0.0.1:8082`, in this order.
    pub(crate) upstreams: Vec<String>,
    /// Where it counts what it answered.
    pub(crate) ledger: Option<PathBuf>,
    /// Where it adds a line for its start, which several instances share.
    pub(crate) starts: Option<PathBuf>,
    /// What is wrong with it.
    pub(crate) fault: Option<Faulty>,
    /// How long each answer takes.
    pub(crate) takes: Duration,
}

/// Serves until SIGTERM or SIGINT, then finishes the answers under way.
///
/// # Errors
/// When an option makes no sense, the port is taken, or the ledger can't be written.
pub(crate) fn run(options: Options) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    if let Some(file) = &options.starts {
        ledger::add_start(file, &options)?;
    }
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let service = Arc::new(Service::new(options)?);
        let asked_to_stop = async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        serve(listener, service, asked_to_stop).await
    })
}

struct Service {
    /// Its own link of the chain: `api=2`.
    link: String,
    upstreams: Vec<Connections>,
    ledger: Ledger,
    trouble: Option<Trouble>,
    takes: Duration,
}

/// An answer before it is one.
struct Reply {
    status: StatusCode,
    chain: Option<String>,
    text: String,
}

impl Service {
    fn new(options: Options) -> io::Result<Self> {
        let link = format!("{}={}", options.name, options.version);
        if HeaderValue::from_str(&link).is_err() || link.contains(',') {
            return Err(invalid(format!(
                "{link:?} can't be a link of a version chain"
            )));
        }
        let upstreams: io::Result<Vec<Connections>> = options
            .upstreams
            .iter()
            .map(|url| Ok(Connections::new(address(url)?, UPSTREAM_CONNECTIONS_MOST)))
            .collect();
        let ledger = Ledger::open(&options.name, &options.version, options.ledger)?;
        Ok(Self {
            link,
            upstreams: upstreams?,
            ledger,
            trouble: options.fault.map(Trouble::new),
            takes: options.takes,
        })
    }

    async fn answer(&self, uri: &Uri) -> Reply {
        if uri.path() == READY {
            return Reply {
                status: StatusCode::OK,
                chain: None,
                text: "ready\n".to_owned(),
            };
        }
        if uri.path() == DETAILED {
            return self.detailed();
        }
        let hits = self.trouble.as_ref().is_some_and(Trouble::hits);
        sleep(self.takes).await;
        let reply = if hits {
            self.reply(StatusCode::INTERNAL_SERVER_ERROR, &[], "is out of order")
        } else {
            self.ask_upstreams(uri).await
        };
        self.ledger.count(reply.status.as_u16());
        reply
    }

    fn detailed(&self) -> Reply {
        let unwell = self.trouble.as_ref().is_some_and(Trouble::is_unwell);
        let database = if unwell { "down" } else { "up" };
        Reply {
            status: StatusCode::OK,
            chain: None,
            text: format!(
                "{{\"status\":\"up\",\"components\":{{\"database\":{{\"status\":\"{database}\"}}}}}}\n"
            ),
        }
    }

    async fn ask_upstreams(&self, uri: &Uri) -> Reply {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut links = Vec::with_capacity(self.upstreams.len());
        for upstream in &self.upstreams {
            let asked = timeout(UPSTREAM_WITHIN, upstream.ask(path, Reuse::KeepAlive)).await;
            let (status, chain) = match judge(asked.unwrap_or_else(|_| Err("no answer".to_owned())))
            {
                Ok(judged) => judged,
                Err(why) => {
                    let text = format!("can't reach what it needs: {why}");
                    return self.reply(StatusCode::BAD_GATEWAY, &[], &text);
                }
            };
            links.push(chain);
            if !status.is_success() {
                return self.reply(status, &links, "passes on what it was answered");
            }
        }
        self.reply(StatusCode::OK, &links, "is fine")
    }

    fn reply(&self, status: StatusCode, links: &[String], text: &str) -> Reply {
        let mut chain = self.link.clone();
        for link in links {
            chain.push(',');
            chain.push_str(link);
        }
        Reply {
            status,
            chain: Some(chain),
            text: format!("{} {text}\n", self.link),
        }
    }
}

/// The status and chain of an upstream's answer, or why it is none of a service.
fn judge(asked: Result<Answer, String>) -> Result<(StatusCode, String), String> {
    let Answer {
        status,
        chain,
        windlass_error,
    } = asked?;
    let chain = chain.ok_or_else(|| match windlass_error {
        Some(code) => format!("HTTP {status} ({code})"),
        None => format!("HTTP {status} without a Version-Chain"),
    })?;
    let status = StatusCode::from_u16(status).map_err(|why| why.to_string())?;
    Ok((status, chain))
}

/// Where `http://host:port` is.
fn address(url: &str) -> io::Result<SocketAddr> {
    let uri: Uri = url
        .parse()
        .map_err(|why| invalid(format!("{url}: {why}")))?;
    let (Some("http"), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return Err(invalid(format!("{url} is no http:// address")));
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let mut found = (host, uri.port_u16().unwrap_or(80)).to_socket_addrs()?;
    found
        .next()
        .ok_or_else(|| invalid(format!("{url} has no address")))
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

/// Answers on `listener` until `stop`; then accepts what the kernel has queued, and nothing more.
async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let (stopping, watched) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut flush = interval(FLUSH_EVERY);
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            // A flush that fails is tried again, and the last one says so.
            _ = flush.tick() => drop(service.ledger.flush()),
            Some(_ended) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MOST => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&service), watched.clone()));
                }
                Err(_full) => sleep(ACCEPT_AGAIN).await,
            },
        }
    }
    while connections.len() < CONNECTIONS_MOST
        && let Some(Ok((stream, _))) = listener.accept().now_or_never()
    {
        connections.spawn(connection(stream, Arc::clone(&service), watched.clone()));
    }
    drop(listener);
    stopping.send_replace(true);
    let deadline = Instant::now() + STOP_WITHIN;
    loop {
        tokio::select! {
            ended = connections.join_next() => if ended.is_none() { break },
            _ = flush.tick() => drop(service.ledger.flush()),
            () = sleep_until(deadline) => break,
        }
    }
    service.ledger.flush()
}

/// One connection: to its end, or to the end of its current request once `stopping` is true.
async fn connection(stream: TcpStream, service: Arc<Service>, mut stopping: watch::Receiver<bool>) {
    // Small answers: waiting for more to send would only make them late.
    stream.set_nodelay(true).ok();
    let used = AtomicBool::new(false);
    let answer = service_fn(|request: Request<Incoming>| {
        used.store(true, Ordering::Relaxed);
        let service = &service;
        async move { response(service.answer(request.uri()).await) }
    });
    let http = hyper::server::conn::http1::Builder::new();
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), answer));
    tokio::select! {
        // A connection that breaks concerns only its client.
        _ended = connection.as_mut() => return,
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    connection.as_mut().graceful_shutdown();
    let soon = timeout(FIRST_REQUEST_WITHIN, connection.as_mut()).await;
    if soon.is_err() && used.load(Ordering::Relaxed) {
        connection.await.ok();
    }
}

fn response(reply: Reply) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    let mut response = Response::builder().status(reply.status);
    if let Some(chain) = reply.chain {
        response = response.header(VERSION_CHAIN, chain);
    }
    response.body(Full::new(Bytes::from(reply.text)))
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
