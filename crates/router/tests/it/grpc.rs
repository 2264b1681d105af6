//! Instances that speak HTTP/2: what gRPC needs, end to end.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::JoinSet;
use windlass_model::{ProbeKind, RouteSlot, SlotId, Speaks};

use crate::client::Client;
use crate::health::probed;
use crate::left::counts_no_abort;
use crate::multiplexed::{Body, Speaker, get, speaking, text};
use crate::rig::{Rig, eventually, key, serving, slot};
use crate::scrape::measured;
use crate::tripwire::{failing, split, wire};

/// A service that sends back what comes, as it comes, and a status after it.
struct Echo {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Echo {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("an address");
        listener.set_nonblocking(true).expect("as tokio wants it");
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        // Ends with the test's process.
        std::thread::spawn(move || speaking(serve(listener, &count)));
        Self {
            address,
            connections,
        }
    }

    fn slot(&self) -> RouteSlot {
        RouteSlot {
            speaks: Speaks::Http2,
            ..slot(1, 100, &[self.address])
        }
    }
}

async fn serve(listener: TcpListener, count: &AtomicUsize) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        count.fetch_add(1, SeqCst);
        let connection = Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service_fn(echo));
        connections.spawn(async move {
            connection.await.ok();
        });
    }
}

type Echoed = http_body_util::combinators::BoxBody<Bytes, hyper::Error>;

async fn echo(request: Request<Incoming>) -> Result<Response<Echoed>, Infallible> {
    assert_eq!(request.version(), Version::HTTP_2);
    let client = request.headers().get("x-forwarded-for");
    let told = format!(
        "{} {} te={:?}",
        request.uri(),
        // A probe asks for nobody.
        client.map_or("", |client| client.to_str().expect("text")),
        request.headers().get("te"),
    );
    let mut status = hyper::HeaderMap::new();
    status.insert("grpc-status", "0".parse().expect("a value"));
    let body = request.into_body();
    let after = futures_util::stream::iter([Ok(Frame::trailers(status))]);
    let whole = futures_util::StreamExt::chain(http_body_util::BodyStream::new(body), after);
    let response = Response::builder().header("x-told", told);
    let response = response.body(StreamBody::new(whole).boxed());
    Ok(response.expect("an answer"))
}

fn routed(echo: &Echo) -> (Rig, SocketAddr) {
    let rig = Rig::with_threads(1);
    let listener = rig.listener();
    rig.route(&key("web"), serving(listener, vec![echo.slot()]));
    (rig, listener)
}

#[test]
fn a_call_streams_both_ways_and_ends_with_its_status() {
    let echo = Echo::start();
    let (rig, listener) = routed(&echo);
    speaking(async {
        let mut speaker = Speaker::connect(listener).await;
        let (say, said) = futures_channel::mpsc::unbounded();
        let request = Request::post("http://shop/greet.Greeter/Greet")
            .header("te", "trailers")
            .body(StreamBody::new(said).boxed())
            .expect("a request");
        let frame = |text: &'static str| Ok(Frame::data(Bytes::from_static(text.as_bytes())));
        say.unbounded_send(frame("one")).expect("said");
        let answer = speaker.ask(request).await;
        let told = answer.headers()["x-told"].to_str().expect("text");
        assert_eq!(
            told,
            "http://shop/greet.Greeter/Greet 127.0.0.1 te=Some(\"trailers\")"
        );
        let mut body = answer.into_body();
        let heard = body.frame().await.expect("a frame").expect("whole");
        assert_eq!(heard.into_data().expect("data"), "one");
        say.unbounded_send(frame("two")).expect("said");
        let heard = body.frame().await.expect("a frame").expect("whole");
        assert_eq!(heard.into_data().expect("data"), "two");
        assert_eq!(rig.in_flight(&key("web"), 1), 1, "until its very end");
        drop(say);
        let last = body.frame().await.expect("a frame").expect("whole");
        assert_eq!(last.into_trailers().expect("trailers")["grpc-status"], "0");
        while rig.in_flight(&key("web"), 1) > 0 {
            tokio::task::yield_now().await;
        }
    });
}

/// An instance that speaks HTTP/2 and answers like this. It ends with the test's process.
pub(crate) fn answering<A, F, B>(answer: A) -> SocketAddr
where
    A: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("as tokio wants it");
    std::thread::spawn(move || {
        speaking(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let answer = answer.clone();
                let service = service_fn(move |request| {
                    let answer = answer(request);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                let connection = Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service);
                connections.spawn(async move {
                    connection.await.ok();
                });
            }
        });
    });
    address
}

/// Has promised a length and sent as much, and its stream ends some time later: here never.
fn unended() -> SocketAddr {
    answering(|_request| async {
        let frame = Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"hello")));
        let first = futures_util::stream::iter([frame]);
        let body = futures_util::StreamExt::chain(first, futures_util::stream::pending());
        let response = Response::builder().header("content-length", 5);
        response.body(StreamBody::new(body)).expect("an answer")
    })
}

/// In front of an instance whose streams end later than its answers, with where its metrics are told.
fn unending() -> (Rig, SocketAddr, SocketAddr) {
    let rig = Rig::with_threads(1);
    let (listener, metrics) = (rig.listener(), rig.listener());
    let slot = RouteSlot {
        speaks: Speaks::Http2,
        ..slot(1, 100, &[unended()])
    };
    rig.route(
        &key("web"),
        serving(measured(listener, metrics), vec![slot]),
    );
    (rig, listener, metrics)
}

#[test]
fn an_answer_is_whole_with_its_last_byte_also_where_its_stream_ends_later() {
    let (_rig, listener, metrics) = unending();
    let mut client = Client::connect(listener);
    for _ in 0..3 {
        assert_eq!(client.get("/").text(), "hello");
    }
    counts_no_abort(metrics, 3);
}

#[test]
fn an_instance_that_speaks_http_2_is_probed_in_it_also_by_a_table_that_says_so_of_the_slot_alone() {
    let echo = Echo::start();
    let rig = Rig::start();
    let listener = rig.listener();
    let kind = ProbeKind::Http {
        path: "/".to_owned(),
        speaks: Speaks::Http1,
    };
    rig.route(
        &key("web"),
        serving(listener, vec![probed(echo.slot(), kind)]),
    );
    eventually("it was asked, and again", || {
        echo.connections.load(SeqCst) > 4
    });
    let observed = rig.observe();
    let slot = &observed.services[&key("web")].slots[&SlotId(1)];
    assert_eq!(slot.ready.len(), 1, "two bad answers would have ended it");
}

#[test]
fn clients_of_either_version_share_one_connection_to_an_instance() {
    let echo = Echo::start();
    let (_rig, listener) = routed(&echo);
    let post = "POST /a HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\nabc";
    for _ in 0..3 {
        let mut client = Client::connect(listener);
        client.send(post);
        assert_eq!(client.answer().text(), "abc");
        client.send(post);
        assert_eq!(client.answer().text(), "abc", "the connection goes on");
    }
    speaking(async {
        let mut speaker = Speaker::connect(listener).await;
        let calls: Vec<_> = (0..20).map(|_| speaker.ask(get("/"))).collect();
        for call in calls {
            assert_eq!(call.await.status(), 200);
        }
    });
    assert_eq!(echo.connections.load(SeqCst), 1);
}

#[test]
fn errors_over_http_2_are_taken_back_as_any_others() {
    let (echo, bad) = (Echo::start(), failing());
    let rig = Rig::start();
    let slots = [
        RouteSlot {
            weight: windlass_model::Percent::ZERO,
            ..echo.slot()
        },
        slot(2, 0, &[bad.address]),
    ];
    let web = split(&rig, "web", slots, 50);
    rig.route(&web.key, web.back.clone());
    let tripwire = wire("dep_1/web/1", &[(&web.key, &web.back)]);
    let done = rig.arm(&[(&web.key, &web.raised)], &[(&web.key, &tripwire)]);
    assert!(done.is_ok(), "{done:?}");
    let errors = speaking(async {
        let mut speaker = Speaker::connect(web.listener).await;
        let mut errors = 0;
        while rig.share(&web.key, 2) > 0 {
            let answer = speaker.ask(get("/")).await;
            errors += usize::from(answer.status() == 500);
        }
        for _ in 0..50 {
            assert_eq!(speaker.ask(get("/")).await.status(), 200);
        }
        errors
    });
    // How many more there are until every thread knows is for `bench router`.
    assert!(errors >= 6, "{errors} bad answers");
    assert_eq!(rig.share(&web.key, 1), 100, "nobody else has anything");
}

/// Asks for a head only.
fn head() -> Request<Body> {
    let request = Request::head("http://shop/");
    request.body(Empty::new().boxed()).expect("a request")
}

#[test]
fn an_answer_to_head_is_whole_with_its_head_whatever_its_stream_does() {
    let (rig, listener, metrics) = unending();
    let mut client = Client::connect(listener);
    for _ in 0..3 {
        client.send("HEAD / HTTP/1.1\r\nHost: shop\r\n\r\n");
        let answer = client.try_answer("HEAD").expect("an answer");
        assert_eq!(
            (answer.status, answer.header("content-length")),
            (200, Some("5"))
        );
    }
    speaking(async {
        let mut speaker = Speaker::connect(listener).await;
        for _ in 0..3 {
            let answer = speaker.ask(head()).await;
            assert_eq!(answer.headers()["content-length"], "5");
            assert_eq!(text(answer).await, "");
        }
    });
    counts_no_abort(metrics, 6);
    assert_eq!(rig.in_flight(&key("web"), 1), 0);
}
