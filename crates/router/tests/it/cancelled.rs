//! Large uploads that their client breaks off in the middle, while the instance takes them.

use std::convert::Infallible;
use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use bytes::Bytes;
use futures_channel::mpsc::{UnboundedSender, unbounded};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::Request;
use hyper::body::Frame;
use windlass_model::SlotId;

use crate::client::Client;
use crate::left::reset;
use crate::multiplexed::{Body, Speaker, get, speaking};
use crate::origin::{After, Origin};
use crate::rig::{Rig, eventually};
use crate::tripwire::{Split, newcomer};

/// What is promised, and what of it is sent.
const WHOLE: usize = 64 * 1024 * 1024;
const HALF: usize = 4 * 1024 * 1024;
/// Uploads that are broken off: more than errors would be borne.
const TIMES: usize = 10;

/// An instance that takes whatever comes of `/upload` and answers only what is whole; and how much came.
fn taking() -> (Origin, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = taken.clone();
    let origin = Origin::start(move |exchange| {
        if !exchange.line().contains("/upload") {
            return exchange.ok("answered");
        }
        let mut piece = vec![0; 64 * 1024];
        while let Ok(bytes @ 1..) = exchange.reader.read(&mut piece) {
            count.fetch_add(bytes, SeqCst);
        }
        After::Close
    });
    (origin, taken)
}

/// Nothing is left of so many uploads, and nothing was held against the candidate.
fn is_nothing(rig: &Rig, web: &Split, origin: &Origin, times: usize) {
    eventually("nothing is in flight", || rig.in_flight(&web.key, 2) == 0);
    eventually("the instance is told", || origin.closed() >= times);
    assert_eq!(rig.trips(), []);
    assert_eq!(rig.share(&web.key, 2), 100);
    let ticks = rig.ticks(0);
    let counts = ticks
        .iter()
        .flat_map(|tick| tick.services.values().flatten());
    let of_new = counts.filter(|counts| counts.slot == Some(SlotId(2)));
    let bad = of_new.map(|it| it.broken + it.connect_failures + it.answers[4]);
    assert_eq!(bad.sum::<u64>(), 0, "an error of the candidate's");
}

/// Has each of some clients send a part of a body and leave.
fn break_off(leave: fn(Client), head: &str) {
    let (origin, taken) = taking();
    let (rig, web, _old) = newcomer(&origin);
    for time in 1..=TIMES {
        let before = taken.load(SeqCst);
        let client = Client::connect(web.listener);
        client.send(head);
        client.try_send(&vec![b'x'; HALF]).expect("sent");
        eventually("half of it has come", || {
            taken.load(SeqCst) - before >= HALF
        });
        leave(client);
        is_nothing(&rig, &web, &origin, time);
    }
    assert!(taken.load(SeqCst) < 2 * TIMES * HALF, "nothing is made up");
    assert_eq!(Client::connect(web.listener).get("/").text(), "answered");
}

#[test]
fn an_upload_that_its_client_breaks_off_ends_at_once_and_is_no_evidence() {
    let long = format!("POST /upload HTTP/1.1\r\nHost: shop\r\nContent-Length: {WHOLE}\r\n\r\n");
    let chunked = format!(
        "POST /upload HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n{WHOLE:x}\r\n"
    );
    for head in [&long, &chunked] {
        for leave in [drop, reset] {
            break_off(leave, head);
        }
    }
}

type Says = UnboundedSender<Result<Frame<Bytes>, Infallible>>;

/// An upload that goes on as long as something is said.
fn upload() -> (Says, Request<Body>) {
    let (say, said) = unbounded();
    let request = Request::post("http://shop/upload").header("content-length", WHOLE);
    let body = StreamBody::new(said).boxed();
    (say, request.body(body).expect("a request"))
}

/// Has several streams of one connection send a part of a body each, and breaks them off once all has come.
/// What they would have said on is kept, so that none of them ends in order.
async fn break_streams_off(speaker: &mut Speaker, has_come: impl Fn() -> bool) -> Vec<Says> {
    let begin = |_| {
        let (say, request) = upload();
        let piece = Bytes::from(vec![b'x'; HALF / TIMES]);
        say.unbounded_send(Ok(Frame::data(piece))).expect("said");
        (say, Box::pin(speaker.ask(request)))
    };
    let (says, answers): (Vec<_>, Vec<_>) = (0..TIMES).map(begin).unzip();
    let come = async {
        while !has_come() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        (answer, _, _) = futures_util::future::select_all(answers) => panic!("answered {answer:?}"),
        () = come => says,
    }
}

#[test]
fn over_http_2_too_whether_the_connection_goes_on_or_not() {
    for goes_on in [true, false] {
        let (origin, taken) = taking();
        let (rig, web, _old) = newcomer(&origin);
        speaking(async {
            let has_come = || taken.load(SeqCst) >= HALF / TIMES * TIMES;
            let mut speaker = Speaker::connect(web.listener).await;
            let _says = break_streams_off(&mut speaker, has_come).await;
            let speaker = goes_on.then_some(speaker);
            let gone = async {
                while rig.in_flight(&web.key, 2) > 0 {
                    tokio::task::yield_now().await;
                }
            };
            let gone = tokio::time::timeout(Duration::from_secs(20), gone).await;
            assert!(gone.is_ok(), "{} in flight", rig.in_flight(&web.key, 2));
            if let Some(mut speaker) = speaker {
                assert_eq!(speaker.ask(get("/")).await.status(), 200);
            }
        });
        is_nothing(&rig, &web, &origin, TIMES);
    }
}
