//! Instances of HTTP/2 that end each connection after so many requests, as nginx does, while others are under way.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;

use crate::frames::{DATA, END_HEADERS, END_STREAM, Frames, GO_AWAY, HEADERS};
use crate::multiplexed::{Body, Speaker, get, speaking};
use crate::origin::Origin;
use crate::scrape::{scraped, sum};
use crate::servers::Server;
use crate::unprocessed::routed;

/// SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113, 6.5.2).
const AT_ONCE: u16 = 3;
/// Of a status and a length of five: `:status: 200`, `content-length: 5` (RFC 7541, 6.1 and 6.2.2).
const HEAD: &[u8] = &[0x88, 0x0f, 0x0d, 0x01, b'5'];
const HELLO: &[u8] = b"hello";

/// How an instance ends a connection, and how many requests it takes at once.
#[derive(Clone, Copy, Debug)]
struct Manner {
    at_once: u32,
    /// Requests of a connection, the last of which has it say GOAWAY.
    most: usize,
    /// It says that it will, naming no last one, before it names one (RFC 9113, 6.8).
    warns: bool,
}

/// What nginx does with `keepalive_requests 50`, four at once.
const NGINX: Manner = Manner {
    at_once: 4,
    most: 50,
    warns: false,
};

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    answered: AtomicUsize,
    bodies: Mutex<BTreeMap<Vec<u8>, usize>>,
}

struct Retiring {
    address: SocketAddr,
    seen: Arc<Seen>,
}

impl Retiring {
    fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::<Seen>::default();
        let counts = seen.clone();
        // Ends with the test's process, as does each connection's.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let seen = counts.clone();
                std::thread::spawn(move || {
                    serve(stream.expect("a connection"), manner, &seen);
                });
            }
        });
        Self { address, seen }
    }
}

/// Takes so many requests, says which was the last, answers those that it took, and ends; what comes after that is
/// read and forgotten.
fn serve(stream: TcpStream, manner: Manner, seen: &Seen) {
    seen.connections.fetch_add(1, SeqCst);
    let socket = stream.try_clone().expect("a descriptor");
    let mut frames = Frames::accepted(stream, &[(AT_ONCE, manner.at_once)]);
    let mut open = BTreeMap::<u32, Vec<u8>>::new();
    let (mut taken, mut last) = (0, None::<u32>);
    while let Some(frame) = frames.next() {
        let is_late = last.is_some_and(|last| frame.stream > last);
        if ![HEADERS, DATA].contains(&frame.kind) || is_late {
            continue;
        }
        let body = open.entry(frame.stream).or_default();
        if frame.kind == DATA {
            body.extend(&frame.payload);
        } else {
            taken += 1;
        }
        if frame.kind == HEADERS && taken == manner.most {
            if manner.warns {
                frames.frame(
                    GO_AWAY,
                    0,
                    0,
                    &[(u32::MAX >> 1).to_be_bytes(), [0; 4]].concat(),
                );
            }
            frames.frame(
                GO_AWAY,
                0,
                0,
                &[frame.stream.to_be_bytes(), [0; 4]].concat(),
            );
            last = Some(frame.stream);
        }
        if frame.flags & END_STREAM > 0 {
            let body = open.remove(&frame.stream).expect("its body");
            *seen.bodies.lock().expect("a lock").entry(body).or_default() += 1;
            // Before its client can have it all.
            seen.answered.fetch_add(1, SeqCst);
            frames.frame(HEADERS, END_HEADERS, frame.stream, HEAD);
            frames.frame(DATA, 0, frame.stream, HELLO);
            // In a frame of its own, as many do.
            frames.frame(DATA, END_STREAM, frame.stream, &[]);
        }
        if last.is_some() && open.is_empty() {
            socket.shutdown(std::net::Shutdown::Write).ok();
        }
    }
}

/// Has so many ask this so often each, all at once; statuses that are not 200.
fn failing(
    listener: SocketAddr,
    (clients, each): (usize, usize),
    ask: impl Fn(usize) -> Request<Body>,
) -> Vec<u16> {
    let (ask, failed) = (&ask, &Mutex::new(Vec::new()));
    speaking(async {
        let speaker = Speaker::connect(listener).await;
        let speaker = &RefCell::new(speaker);
        let loops = (0..clients).map(|client| async move {
            for number in 0..each {
                let answer = speaker.borrow_mut().ask(ask(client * each + number));
                let answer = answer.await;
                let status = answer.status().as_u16();
                let whole = answer.into_body().collect().await;
                if status != 200 || !whole.is_ok_and(|body| body.to_bytes() == HELLO) {
                    failed.lock().expect("a lock").push(status);
                }
            }
        });
        join_all(loops).await;
    });
    failed.lock().expect("a lock").clone()
}

/// Clients, and requests of each.
const MANY: (usize, usize) = (100, 60);

fn post(body: String) -> Request<Body> {
    let request = Request::post("http://shop/");
    request
        .body(Full::new(Bytes::from(body)).boxed())
        .expect("a request")
}

#[test]
fn no_request_fails_where_connections_end_after_so_many() {
    for manner in [
        NGINX,
        Manner {
            warns: true,
            ..NGINX
        },
        Manner { most: 10, ..NGINX },
        // Its defaults.
        Manner {
            at_once: 128,
            most: 1_000,
            ..NGINX
        },
    ] {
        let origin = Retiring::start(manner);
        let (_rig, listener, metrics) = routed(origin.address);
        assert_eq!(failing(listener, MANY, |_| get("/")), [0; 0], "{manner:?}");
        assert_eq!(
            sum(
                &scraped(metrics),
                "windlass_router_broken_answers_total",
                &["\"web\""]
            ),
            0
        );
    }
}

#[test]
fn nor_does_one_with_a_small_body_and_each_arrives_once() {
    let origin = Retiring::start(NGINX);
    let (_rig, listener, _metrics) = routed(origin.address);
    assert_eq!(
        failing(listener, MANY, |number| post(format!("body {number}"))),
        [0; 0]
    );
    let bodies = origin.seen.bodies.lock().expect("a lock");
    let all =
        (0..bodies.len()).all(|number| bodies.get(format!("body {number}").as_bytes()) == Some(&1));
    assert!(
        all && bodies.len() == origin.seen.answered.load(SeqCst),
        "{}",
        bodies.len()
    );
}

/// One upload among requests that have others' connections end all the time.
#[test]
fn no_upload_is_lost_behind_an_nginx_that_ends_its_connections_while_others_ask() {
    const LONG: usize = 200 * 1024;
    let behind = Origin::start(|exchange| {
        let length = exchange.body().len();
        assert!([0, LONG].contains(&length), "{length}");
        exchange.ok("hello")
    });
    let says = format!(
        "keepalive_requests 50; http2_max_concurrent_streams 4; location / {{ proxy_pass http://{}; }}",
        behind.address
    );
    let nginx = Server::nginx_with("http2", &says);
    let (_rig, listener, metrics) = routed(nginx.address);
    let long = "x".repeat(LONG);
    let ask = |number: usize| {
        if number.is_multiple_of(4) {
            post(long.clone())
        } else {
            get("/")
        }
    };
    assert_eq!(failing(listener, (40, 60), ask), [0; 0]);
    let page = scraped(metrics);
    let broken = "windlass_router_broken_answers_total";
    assert_eq!(sum(&page, broken, &["\"web\""]), 0);
}
