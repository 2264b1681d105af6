//! Requests that an instance of HTTP/2 says that it has not looked at, and how many it takes at once.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use windlass_model::{RouteSlot, Speaks};

use crate::client::Client;
use crate::frames::{DATA, END_HEADERS, Frames, GO_AWAY, HEADERS, RESET};
use crate::multiplexed::{Speaker, get, speaking};
use crate::rig::{Rig, eventually, key, serving, slot};
use crate::scrape::{measured, scraped, sum};
use crate::terms::broken;

/// REFUSED_STREAM (RFC 9113, 7).
const REFUSED: u32 = 7;
/// SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113, 6.5.2).
const AT_ONCE: u16 = 3;

/// SETTINGS_INITIAL_WINDOW_SIZE, and more than any body of these tests.
const WINDOW_SIZE: u16 = 4;
const WINDOW: u32 = 1024 * 1024;

/// How an instance says that it has not looked at a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// It takes no more on this connection: GOAWAY names the last one that it took.
    Goes,
    /// Not this one, by RST_STREAM.
    NotNow,
    /// As the first, once so much of its body has come.
    GoesLate(usize),
}

/// An instance that answers so many requests of a connection and has not looked at the next one.
struct Refusing {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    answered: Arc<AtomicUsize>,
}

/// Serves each connection in a thread of its own, which ends with the test's process.
pub(crate) fn serving_each(
    serve: impl Fn(std::net::TcpStream) + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(stream.expect("a connection")));
        }
    });
    address
}

impl Refusing {
    fn after(most: usize, says: Says) -> Self {
        let (asked, answered) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let counts = (asked.clone(), answered.clone());
        let address = serving_each(move |stream| {
            let mut frames = Frames::accepted(stream, &[(WINDOW_SIZE, WINDOW)]);
            frames.window(0, WINDOW);
            let (mut taken, mut last, mut came) = (0, 0u32, 0);
            while let Some(frame) = frames.next() {
                let is_new = frame.stream > last && [HEADERS, DATA].contains(&frame.kind);
                counts
                    .0
                    .fetch_add(usize::from(frame.kind == HEADERS), SeqCst);
                if frame.kind == DATA {
                    came += frame.payload.len();
                }
                let waits = matches!(says, Says::GoesLate(most) if came < most);
                if is_new && taken < most {
                    (taken, last) = (taken + 1, frame.stream);
                    frames.ok(frame.stream);
                    counts.1.fetch_add(1, SeqCst);
                } else if is_new && says == Says::NotNow {
                    (taken, last) = (0, frame.stream);
                    frames.frame(RESET, 0, frame.stream, &REFUSED.to_be_bytes());
                } else if is_new && !waits {
                    frames.frame(GO_AWAY, 0, 0, &[last.to_be_bytes(), [0; 4]].concat());
                }
            }
        });
        Self {
            address,
            asked,
            answered,
        }
    }
}

pub(crate) fn routed(address: SocketAddr) -> (Rig, SocketAddr, SocketAddr) {
    let rig = Rig::with_threads(1);
    let (listener, metrics) = (rig.listener(), rig.listener());
    let slot = RouteSlot {
        speaks: Speaks::Http2,
        ..slot(1, 100, &[address])
    };
    let route = serving(measured(listener, metrics), vec![slot]);
    rig.route(&key("web"), route);
    (rig, listener, metrics)
}

#[test]
fn what_an_instance_has_not_looked_at_is_sent_again_and_is_no_error() {
    for says in [Says::Goes, Says::NotNow] {
        let origin = Refusing::after(8, says);
        let (_rig, listener, metrics) = routed(origin.address);
        let mut client = Client::connect(listener);
        for number in 0..100 {
            assert_eq!(client.get("/").status, 200, "{says:?} {number}");
        }
        assert_eq!(origin.answered.load(SeqCst), 100);
        let again = u64::try_from(origin.asked.load(SeqCst) - 100).expect("more");
        assert!(again >= 10, "{says:?}: {again}");
        eventually("all are told", || {
            let page = scraped(metrics);
            let of = |name| sum(&page, name, &["\"web\""]);
            of("windlass_router_retries_total") == again
                && of("windlass_router_broken_answers_total") == 0
        });
    }
}

#[test]
fn what_is_never_looked_at_is_sent_again_no_more_than_the_budget_says() {
    let origin = Refusing::after(0, Says::Goes);
    let (_rig, listener, _metrics) = routed(origin.address);
    let mut client = Client::connect(listener);
    for _ in 0..1_000 {
        assert_eq!(client.get("/").error(), Some("answer_broken"));
    }
    // A thousand of them at most, and one in five.
    let again = origin.asked.load(SeqCst) - 1_000;
    assert!(
        (1_000..=1_200).contains(&again),
        "{again} of 1000 were sent again"
    );
}

const POST: &str = "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\n";

#[test]
fn a_post_of_whose_body_nothing_was_taken_is_sent_again_too() {
    let origin = Refusing::after(1, Says::Goes);
    let (_rig, listener, _metrics) = routed(origin.address);
    assert_eq!(Client::connect(listener).get("/").status, 200);
    let mut client = Client::connect(listener);
    client.send(POST);
    assert_eq!(client.head().expect("a head").status, 200);
    assert_eq!(
        (origin.asked.load(SeqCst), origin.answered.load(SeqCst)),
        (3, 2)
    );
}

#[test]
fn a_post_of_whose_body_little_was_taken_is_sent_again_with_all_of_it() {
    let origin = Refusing::after(1, Says::GoesLate(3));
    let (_rig, listener, _metrics) = routed(origin.address);
    assert_eq!(Client::connect(listener).get("/").status, 200);
    let mut client = Client::connect(listener);
    client.send(POST);
    client.send("abc");
    assert_eq!(client.answer().status, 200);
    assert_eq!(
        (origin.asked.load(SeqCst), origin.answered.load(SeqCst)),
        (3, 2)
    );
}

/// More than is kept of a body.
const MUCH: usize = 100_000;

#[test]
fn a_post_of_whose_body_much_was_taken_is_not_and_its_loss_counts() {
    let origin = Refusing::after(1, Says::GoesLate(MUCH));
    let (rig, listener, _metrics) = routed(origin.address);
    assert_eq!(Client::connect(listener).get("/").status, 200);
    let mut client = Client::connect(listener);
    client.send(&format!(
        "POST / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n{MUCH:x}\r\n{}\r\n",
        "x".repeat(MUCH)
    ));
    assert_eq!(client.answer().error(), Some("answer_broken"));
    assert_eq!(
        (origin.asked.load(SeqCst), origin.answered.load(SeqCst)),
        (2, 1)
    );
    assert_eq!(broken(&rig), 1);
}

#[test]
fn one_that_says_that_it_is_long_goes_where_no_others_have_come_to_the_end_of_a_connection() {
    let origin = Refusing::after(1, Says::GoesLate(MUCH));
    let (rig, listener, _metrics) = routed(origin.address);
    assert_eq!(Client::connect(listener).get("/").status, 200);
    let mut client = Client::connect(listener);
    client.send(&format!(
        "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: {MUCH}\r\n\r\n{}",
        "x".repeat(MUCH)
    ));
    assert_eq!(client.answer().status, 200);
    assert_eq!(
        (origin.asked.load(SeqCst), origin.answered.load(SeqCst)),
        (2, 2)
    );
    assert_eq!(broken(&rig), 0);
}

/// How long the router waits for the end of the stream of a whole answer.
const END_TIME: Duration = Duration::from_secs(1);

#[test]
fn an_answer_that_is_whole_is_not_reset_at_once_before_its_stream_ends() {
    // What was reset too soon, and how long after it was whole.
    let resets = Arc::<Mutex<Vec<(u32, Duration)>>>::default();
    let seen = resets.clone();
    let address = serving_each(move |stream| {
        let mut frames = Frames::accepted(stream, &[]);
        let mut whole = BTreeMap::new();
        while let Some(frame) = frames.next() {
            if frame.kind == RESET {
                let after = Instant::elapsed(&whole[&frame.stream]);
                let mut seen = seen.lock().expect("a lock");
                seen.extend((after < END_TIME).then_some((frame.stream, after)));
            }
            if frame.kind != HEADERS {
                continue;
            }
            if let Some((before, _)) = whole.last_key_value() {
                frames.body(*before, &[], true);
            }
            whole.insert(frame.stream, Instant::now());
            // `content-length: 5` (RFC 7541, 6.2.2).
            frames.frame(HEADERS, END_HEADERS, frame.stream, b"\x88\x0f\x0d\x015");
            frames.body(frame.stream, b"hello", false);
        }
    });
    let (_rig, listener, _metrics) = routed(address);
    let mut client = Client::connect(listener);
    for _ in 0..5 {
        assert_eq!(client.get("/").text(), "hello");
    }
    assert_eq!(*resets.lock().expect("a lock"), []);
}

#[test]
fn no_connection_carries_more_requests_than_its_instance_takes_at_once() {
    const WAVE: usize = 12;
    let (asked, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let seen = most.clone();
    let open = Mutex::new(Vec::<(Frames, u32, Arc<AtomicUsize>)>::new());
    let address = serving_each(move |stream| {
        let mut frames = Frames::accepted(stream, &[(AT_ONCE, 4)]);
        let here = Arc::<AtomicUsize>::default();
        while let Some(frame) = frames.next() {
            if frame.kind != HEADERS {
                continue;
            }
            if asked.fetch_add(1, SeqCst) == 0 {
                frames.ok(frame.stream);
                continue;
            }
            seen.fetch_max(here.fetch_add(1, SeqCst) + 1, SeqCst);
            let mut open = open.lock().expect("a lock");
            open.push((frames.twin(), frame.stream, here.clone()));
            if open.len() == WAVE {
                for (mut frames, stream, here) in open.drain(..) {
                    here.fetch_sub(1, SeqCst);
                    frames.ok(stream);
                }
            }
        }
    });
    let (_rig, listener, _metrics) = routed(address);
    speaking(async {
        let mut speaker = Speaker::connect(listener).await;
        assert_eq!(speaker.ask(get("/")).await.status(), 200);
        for _ in 0..3 {
            let wave: Vec<_> = (0..WAVE).map(|_| speaker.ask(get("/"))).collect();
            for answer in join_all(wave).await {
                assert_eq!(answer.status(), 200);
            }
        }
    });
    // One less: see `Multiplexed::most`.
    assert_eq!(most.load(SeqCst), 3);
}
