//! Bodies of any size: whoever reads nothing stops whoever sends, and the router keeps little of them.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::server::conn::{http1 as in_turn, http2 as multiplexed};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use windlass_model::{RouteSlot, Speaks};

use crate::multiplexed::{Body, speaking};
use crate::rig::{Rig, eventually, key, serving, slot};

static PIECE: [u8; 64 * 1024] = [0; 64 * 1024];
/// Pieces of a body: 64 MB, more than the kernel takes between a client and an instance.
const PIECES: usize = 1_024;
const WHOLE: usize = PIECES * PIECE.len();
/// Bodies at once that nobody reads.
const AT_ONCE: usize = 8;
/// How much more memory the router may have then, in megabytes. One body more would not fit.
const MEMORY: u64 = 40;
/// Nothing moves any more when nothing has for so long.
const QUIET: Duration = Duration::from_millis(150);

/// Bytes that were asked for.
type Count = Arc<AtomicUsize>;

/// A body that counts what is taken of it.
fn counted(count: &Count) -> Body {
    let count = count.clone();
    let pieces = (0..PIECES).map(move |_| {
        count.fetch_add(PIECE.len(), SeqCst);
        Ok(Frame::data(Bytes::from_static(&PIECE)))
    });
    StreamBody::new(futures_util::stream::iter(pieces)).boxed()
}

/// How long a body is in the end.
async fn length(mut body: Incoming) -> usize {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.expect("a whole body");
        length += frame.data_ref().map_or(0, Bytes::len);
    }
    length
}

/// Answers with a large body: once it has all of the request's, or at once, or never.
async fn answer(count: Count, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    let body = request.into_body();
    match path.as_str() {
        "/both" => assert_eq!(length(body).await, WHOLE),
        "/down" => drop(body),
        _other => {
            std::future::pending::<()>().await;
            drop(body);
        }
    }
    Ok(Response::new(counted(&count)))
}

/// An instance that speaks so; what was taken of its answers is counted.
fn instance(speaks: Speaks) -> (SocketAddr, Count) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("as tokio wants it");
    let count = Count::default();
    let mine = count.clone();
    // Ends with the test's process.
    std::thread::spawn(move || speaking(serve(listener, speaks, mine)));
    (address, count)
}

async fn serve(listener: TcpListener, speaks: Speaks, count: Count) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let (stream, count) = (TokioIo::new(stream), count.clone());
        let service = service_fn(move |request| answer(count.clone(), request));
        connections.spawn(async move {
            match speaks {
                Speaks::Http1 => {
                    let builder = in_turn::Builder::new();
                    builder.serve_connection(stream, service).await.ok();
                }
                Speaks::Http2 => {
                    let builder = multiplexed::Builder::new(TokioExecutor::new());
                    builder.serve_connection(stream, service).await.ok();
                }
            }
        });
    }
}

/// Asks for `path` on a connection of its own that lives as long as `tasks`.
async fn ask(
    tasks: &mut JoinSet<()>,
    (listener, speaks): (SocketAddr, Speaks),
    (path, body): (&str, Body),
) -> impl Future<Output = Response<Incoming>> + Send + use<> {
    let stream = TcpStream::connect(listener).await.expect("connected");
    let stream = TokioIo::new(stream);
    let request = Request::post(format!("http://shop{path}"));
    let request = request.header("host", "shop").body(body);
    let request = request.expect("a request");
    let answer: std::pin::Pin<Box<dyn Future<Output = hyper::Result<_>> + Send>> = match speaks {
        Speaks::Http1 => {
            let (mut sender, connection) = http1::handshake(stream).await.expect("HTTP/1.1");
            tasks.spawn(async move {
                connection.await.ok();
            });
            Box::pin(async move { sender.send_request(request).await })
        }
        Speaks::Http2 => {
            let hands = http2::handshake(TokioExecutor::new(), stream).await;
            let (mut sender, connection) = hands.expect("HTTP/2");
            tasks.spawn(async move {
                connection.await.ok();
            });
            Box::pin(async move { sender.send_request(request).await })
        }
    };
    async move { answer.await.expect("an answer") }
}

/// Waits until nothing is taken any more, while connections go on.
async fn still(count: &Count) -> usize {
    loop {
        let before = count.load(SeqCst);
        let goes_on = timeout(QUIET, std::future::pending::<()>());
        assert!(goes_on.await.is_err());
        if count.load(SeqCst) == before {
            return before;
        }
    }
}

/// A router process in front of one instance.
fn routed(speaks: Speaks) -> (Rig, SocketAddr, Count) {
    let (address, count) = instance(speaks);
    let rig = Rig::outside();
    rig.begin();
    let listener = rig.listener();
    let slot = RouteSlot {
        speaks,
        ..slot(1, 100, &[address])
    };
    rig.route(&key("web"), serving(listener, vec![slot]));
    (rig, listener, count)
}

const VERSIONS: [Speaks; 2] = [Speaks::Http1, Speaks::Http2];

#[test]
fn large_bodies_pass_whole_both_ways_in_any_version_and_cost_little_memory() {
    for behind in VERSIONS {
        let (rig, listener, written) = routed(behind);
        let before = rig.megabytes();
        for before in VERSIONS {
            speaking(async {
                let (mut tasks, sent) = (JoinSet::new(), Count::default());
                let upload = ("/both", counted(&sent));
                let answer = ask(&mut tasks, (listener, before), upload).await.await;
                assert_eq!(answer.status(), 200);
                assert_eq!(length(answer.into_body()).await, WHOLE);
                assert_eq!(sent.load(SeqCst), WHOLE);
                assert_eq!(written.swap(0, SeqCst), WHOLE);
            });
        }
        let grown = rig.most_megabytes().saturating_sub(before);
        assert!(grown < MEMORY, "{grown} MB more in front of {behind:?}");
    }
}

#[test]
fn a_client_is_stopped_by_an_instance_that_takes_no_more() {
    for behind in VERSIONS {
        for before in VERSIONS {
            let (rig, listener, _) = routed(behind);
            let had = rig.megabytes();
            speaking(async {
                let mut tasks = JoinSet::new();
                for _ in 0..AT_ONCE {
                    let sent = Count::default();
                    let upload = ("/up", counted(&sent));
                    let answer = ask(&mut tasks, (listener, before), upload).await;
                    tasks.spawn(async move { drop(answer.await) });
                    let took = still(&sent).await;
                    assert!(took < WHOLE, "{took} bytes, {before:?} to {behind:?}");
                }
                assert_eq!(rig.in_flight(&key("web"), 1), AT_ONCE as u64);
            });
            let grown = rig.most_megabytes().saturating_sub(had);
            assert!(grown < MEMORY, "{grown} MB more, {before:?} to {behind:?}");
            // In HTTP/1.1 the client's end lies behind what nobody takes; the time limit of answers ends it.
            if before == Speaks::Http2 {
                eventually("who has left is not in flight", || {
                    rig.in_flight(&key("web"), 1) == 0
                });
            }
            rig.kill();
        }
    }
}

#[test]
fn an_instance_is_stopped_by_a_client_that_takes_no_more() {
    for behind in VERSIONS {
        for before in VERSIONS {
            let (rig, listener, written) = routed(behind);
            let had = rig.megabytes();
            speaking(async {
                let mut tasks = JoinSet::new();
                let mut held = Vec::new();
                for _ in 0..AT_ONCE {
                    let download = ("/down", Empty::new().boxed());
                    let answer = ask(&mut tasks, (listener, before), download).await;
                    held.push(answer.await);
                    let took = still(&written).await;
                    let all = held.len() * WHOLE;
                    assert!(took < all, "{took} bytes, {behind:?} to {before:?}");
                }
                assert_eq!(rig.in_flight(&key("web"), 1), AT_ONCE as u64);
            });
            let grown = rig.most_megabytes().saturating_sub(had);
            assert!(grown < MEMORY, "{grown} MB more, {behind:?} to {before:?}");
            eventually("who has left is not in flight", || {
                rig.in_flight(&key("web"), 1) == 0
            });
        }
    }
}
