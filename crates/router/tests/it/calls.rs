//! Calls of gRPC that end in another way than well.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::{HeaderMap, Request, Response};
use windlass_model::{RouteSlot, Speaks};

use crate::grpc::answering;
use crate::multiplexed::{Body, Speaker, speaking};
use crate::rig::{Rig, eventually, key, serving, slot};

/// Counts when it is dropped.
struct Gone(Arc<AtomicUsize>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

type Said = Result<Frame<Bytes>, io::Error>;

/// What a call that breaks off has said first has reached its client.
static HEARD: tokio::sync::Notify = tokio::sync::Notify::const_new();

fn said(
    frames: impl futures_util::Stream<Item = Said> + Send + Sync + 'static,
) -> BoxBody<Bytes, io::Error> {
    BodyExt::boxed(StreamBody::new(frames))
}

fn word() -> Frame<Bytes> {
    Frame::data(Bytes::from_static(b"word"))
}

/// Refuses a call, fails inside one, breaks one off, or hangs until its client lets go.
fn answer(
    request: &Request<Incoming>,
    gone: Arc<AtomicUsize>,
) -> Response<BoxBody<Bytes, io::Error>> {
    let response = Response::builder().header("content-type", "application/grpc");
    let (response, body) = match request.uri().path() {
        "/refused" => {
            let response = response.header("grpc-status", "12");
            let nothing = Empty::new().map_err(|never| match never {});
            (response, BodyExt::boxed(nothing))
        }
        "/failed" => {
            let mut status = HeaderMap::new();
            status.insert("grpc-status", "5".parse().expect("a value"));
            status.insert("grpc-message", "not here".parse().expect("a value"));
            (
                response,
                said(stream::iter([Ok(word()), Ok(Frame::trailers(status))])),
            )
        }
        "/broken" => {
            let broken = Err(io::Error::other("broken"));
            (
                response,
                said(stream::iter([Ok(word())]).chain(stream::once(async {
                    HEARD.notified().await;
                    broken
                }))),
            )
        }
        _hangs => {
            let guard = Gone(gone);
            let silent = stream::pending().map(move |never: Said| {
                let _held = &guard;
                never
            });
            (response, said(stream::iter([Ok(word())]).chain(silent)))
        }
    };
    response.body(body).expect("an answer")
}

fn routed() -> (Rig, SocketAddr, Arc<AtomicUsize>) {
    let gone = Arc::<AtomicUsize>::default();
    let count = gone.clone();
    let address = answering(move |request| {
        let answer = answer(&request, count.clone());
        async move { answer }
    });
    let rig = Rig::with_threads(1);
    let listener = rig.listener();
    let slot = RouteSlot {
        speaks: Speaks::Http2,
        ..slot(1, 100, &[address])
    };
    rig.route(&key("web"), serving(listener, vec![slot]));
    (rig, listener, gone)
}

fn call(path: &str) -> Request<Body> {
    let request = Request::post(format!("http://shop{path}"))
        .header("te", "trailers")
        .header("content-type", "application/grpc");
    request.body(Empty::new().boxed()).expect("a request")
}

#[test]
fn a_status_other_than_zero_comes_through_in_a_head_and_behind_a_body() {
    let (_rig, listener, _) = routed();
    speaking(async {
        let mut speaker = Speaker::connect(listener).await;
        let refused = speaker.ask(call("/refused")).await;
        assert_eq!(refused.headers()["grpc-status"], "12");
        let whole = refused.into_body().collect().await.expect("whole");
        assert_eq!(whole.to_bytes(), "");
        let failed = speaker.ask(call("/failed")).await;
        assert_eq!(failed.status(), 200);
        let whole = failed.into_body().collect().await.expect("whole");
        let status = whole.trailers().expect("trailers").clone();
        assert_eq!(status["grpc-status"], "5");
        assert_eq!(status["grpc-message"], "not here");
        assert_eq!(whole.to_bytes(), "word");
    });
}

#[test]
fn a_call_that_its_instance_breaks_off_is_reset_and_no_other() {
    let (rig, listener, _) = routed();
    speaking(async {
        let mut speaker = Speaker::connect(listener).await;
        let other = speaker.ask(call("/hangs")).await;
        let mut broken = speaker.ask(call("/broken")).await.into_body();
        let first = broken.frame().await.expect("a frame").expect("whole");
        assert_eq!(first.into_data().expect("data"), "word");
        HEARD.notify_one();
        let why = broken.frame().await.expect("not an end in order");
        let why = why.expect_err("broken off");
        let reset = std::error::Error::source(&why).and_then(|why| why.downcast_ref::<h2::Error>());
        assert!(reset.is_some_and(h2::Error::is_reset), "{why:?}");
        let mut other = other.into_body();
        let first = other.frame().await.expect("a frame").expect("whole");
        assert_eq!(first.into_data().expect("data"), "word");
        assert_eq!(rig.in_flight(&key("web"), 1), 1);
    });
}

#[test]
fn a_call_that_its_client_cancels_ends_at_its_instance() {
    let (rig, listener, gone) = routed();
    speaking(async {
        let mut speaker = Speaker::connect(listener).await;
        let calls = [
            speaker.ask(call("/hangs")).await,
            speaker.ask(call("/hangs")).await,
        ];
        for (number, answer) in calls.into_iter().enumerate() {
            let mut body = answer.into_body();
            body.frame().await.expect("a frame").expect("whole");
            assert_eq!(gone.load(SeqCst), number);
            drop(body);
            while gone.load(SeqCst) == number {
                tokio::task::yield_now().await;
            }
        }
    });
    eventually("nothing is in flight", || {
        rig.in_flight(&key("web"), 1) == 0
    });
}
