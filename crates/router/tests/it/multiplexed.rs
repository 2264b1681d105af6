//! HTTP/2 from the client, by prior knowledge.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::channel;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::frames::Frames;
use crate::origin::{After, Origin};
use crate::rig::{Rig, eventually, key, serving, slot};

fn routed(origin: &Origin) -> (Rig, SocketAddr) {
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(listener, slots));
    (rig, listener)
}

/// Runs what speaks HTTP/2 to the router.
pub(crate) fn speaking<F: Future>(conversation: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(conversation)
}

pub(crate) type Body = http_body_util::combinators::BoxBody<Bytes, std::convert::Infallible>;

/// One connection, alive as long as this.
pub(crate) struct Speaker {
    sender: SendRequest<Body>,
    _connection: JoinSet<()>,
}

impl Speaker {
    pub(crate) async fn connect(listener: SocketAddr) -> Self {
        Self::over(TcpStream::connect(listener).await.expect("connected")).await
    }

    pub(crate) async fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let hands = handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (sender, connection) = hands.expect("HTTP/2");
        let mut task = JoinSet::new();
        task.spawn(async move {
            connection.await.ok();
        });
        Self {
            sender,
            _connection: task,
        }
    }

    pub(crate) fn ask(
        &mut self,
        request: Request<Body>,
    ) -> impl Future<Output = Response<Incoming>> + use<> {
        let answer = self.sender.send_request(request);
        async move { answer.await.expect("an answer") }
    }
}

pub(crate) fn get(path: &str) -> Request<Body> {
    let request = Request::get(format!("http://shop{path}"));
    request.body(Empty::new().boxed()).expect("a request")
}

pub(crate) async fn text(answer: Response<Incoming>) -> String {
    let body = answer.into_body().collect().await.expect("a whole body");
    String::from_utf8(body.to_bytes().to_vec()).expect("text")
}

#[test]
fn many_requests_of_one_connection_are_answered_at_the_same_time() {
    let (go_on, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let origin = Origin::start(move |exchange| {
        if exchange.line().starts_with("GET /wait") {
            wait.lock().expect("a lock").recv().expect("the word");
        }
        let told = format!(
            "{} {}",
            exchange.line(),
            exchange.header("host").unwrap_or_default()
        );
        exchange.ok(&told)
    });
    let (_rig, listener) = routed(&origin);
    speaking(async {
        let mut speaker = Speaker::connect(listener).await;
        let held = speaker.ask(get("/wait"));
        for _ in 0..20 {
            let answer = speaker.ask(get("/a")).await;
            assert_eq!(text(answer).await, "GET /a HTTP/1.1 shop");
        }
        go_on.send(()).expect("said");
        let answer = held.await;
        assert_eq!(text(answer).await, "GET /wait HTTP/1.1 shop");
    });
}

#[test]
fn bodies_stream_both_ways_and_trailers_arrive() {
    let origin = Origin::start(|exchange| {
        exchange
            .write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: grpc-status\r\n\r\n");
        while let Some(chunk) = exchange.chunk() {
            let text = String::from_utf8_lossy(&chunk).into_owned();
            exchange.write(&format!("{:x}\r\n{text}\r\n", text.len()));
        }
        // A client of HTTP/2 takes the second for a broken answer, and the third has no place there.
        exchange.write("0\r\ngrpc-status: 0\r\nContent-Length: 7\r\nHost: other\r\n\r\n");
        // The origin of these tests reads no trailers, so it answers once.
        After::Close
    });
    let (_rig, listener) = routed(&origin);
    speaking(async {
        let mut speaker = Speaker::connect(listener).await;
        let (say, said) = futures_channel::mpsc::unbounded::<Result<Frame<Bytes>, _>>();
        let request = Request::post("http://shop/")
            .header("te", "trailers")
            .body(StreamBody::new(said).boxed())
            .expect("a request");
        let frame = |text: &'static str| Ok(Frame::data(Bytes::from_static(text.as_bytes())));
        say.unbounded_send(frame("one")).expect("said");
        let mut body = speaker.ask(request).await.into_body();
        let heard = body.frame().await.expect("a frame").expect("whole");
        assert_eq!(
            heard.into_data().expect("data"),
            "one",
            "before the request has ended"
        );
        say.unbounded_send(frame("two")).expect("said");
        let heard = body.frame().await.expect("a frame").expect("whole");
        assert_eq!(heard.into_data().expect("data"), "two");
        drop(say);
        let last = body.frame().await.expect("a frame").expect("whole");
        let trailers = last.into_trailers().expect("trailers");
        assert_eq!(trailers["grpc-status"], "0");
        assert_eq!(trailers.len(), 1, "{trailers:?}");
    });
}

#[test]
fn a_cookie_in_crumbs_arrives_as_one_and_the_router_names_its_own_answers() {
    let origin = Origin::start(|exchange| {
        let cookie = exchange.header("cookie").unwrap_or_default().to_owned();
        exchange.ok(&cookie)
    });
    let (rig, listener) = routed(&origin);
    speaking(async {
        let mut speaker = Speaker::connect(listener).await;
        let request = Request::get("http://shop/")
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .body(Full::from("").boxed())
            .expect("a request");
        let answer = speaker.ask(request).await;
        assert_eq!(text(answer).await, "a=1; b=2");
        rig.route(&key("web"), serving(listener, vec![]));
        let answer = speaker.ask(get("/")).await;
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["windlass-error"], "no_capacity");
    });
}

#[test]
fn a_drain_counts_to_the_end_of_each_body_and_a_reset_ends_one() {
    let origin = Origin::start(|exchange| {
        exchange.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
        // Until the router lets go of it.
        while exchange.chunk_or_end().is_some() {}
        After::Close
    });
    let (rig, listener) = routed(&origin);
    speaking(async {
        let mut speaker = Speaker::connect(listener).await;
        let mut bodies = Vec::new();
        for _ in 0..3 {
            let answer = speaker.ask(get("/")).await;
            let mut body = answer.into_body();
            body.frame().await.expect("a frame").expect("whole");
            bodies.push(body);
        }
        assert_eq!(rig.in_flight(&key("web"), 1), 3);
        while let Some(body) = bodies.pop() {
            drop(body);
            let left = u64::try_from(bodies.len()).expect("few");
            // The reset is on its way.
            while rig.in_flight(&key("web"), 1) > left {
                tokio::task::yield_now().await;
            }
        }
    });
}

#[test]
fn floods_end_their_connection_and_nothing_else() {
    let origin = Origin::plain("hello");
    let (rig, listener) = routed(&origin);
    let head = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "shop"),
    ];
    let resets = |frames: &mut Frames| {
        for stream in (1..20_000).step_by(2) {
            frames.head(stream, &head, true);
            frames.reset(stream);
        }
    };
    let continuations = |frames: &mut Frames| {
        frames.endless_head(1, 2_000);
    };
    let windows = |frames: &mut Frames| {
        // A window that grows beyond what there can be is the client's fault, time and again.
        for stream in (1..20_000).step_by(2) {
            frames.head(stream, &head, false);
            frames.window(stream, 0);
        }
    };
    let floods: [&dyn Fn(&mut Frames); 3] = [&resets, &continuations, &windows];
    for flood in floods {
        let mut frames = Frames::connect(listener);
        flood(&mut frames);
        assert!(frames.is_ended(), "a flood ends its connection");
        assert_eq!(Client::connect(listener).get("/").text(), "hello");
    }
    eventually("nothing is left in flight", || {
        rig.in_flight(&key("web"), 1) == 0
    });
}
