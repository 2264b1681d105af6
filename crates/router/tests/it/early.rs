//! Instances that answer before a body has come, and close while its client still sends.

use std::io::Write as _;
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::Request;
use hyper::body::Frame;
use rustix::net::sockopt::set_socket_linger;

use crate::client::Client;
use crate::frames::{DATA, END_STREAM, Frames, RESET, number};
use crate::multiplexed::{Speaker, get, speaking, text};
use crate::origin::{After, Exchange, Origin};
use crate::rig::{Rig, eventually, key, serving, slot};

/// Far more than all buffers on the way take.
const LARGE: usize = 32 * 1024 * 1024;
/// What is read away of a body that nobody has a use for.
const LITTLE: usize = 100 * 1024;
const ROUNDS: usize = 20;
/// How long that may take.
const LINGER_TIME: Duration = Duration::from_secs(1);
const PIECE: &[u8] = &[b'x'; 16 * 1024];
/// Of a body that an instance reads before it answers.
const READ: usize = 1_000;

/// How it ends the connection on which it answered early.
#[derive(Clone, Copy, Debug)]
enum Ends {
    /// At once: with a reset for what it has not read.
    AtOnce,
    /// It reads on until the router closes.
    Lingering,
}

const WAYS: [(Ends, &str); 4] = [
    (Ends::AtOnce, ""),
    (Ends::AtOnce, "Connection: close\r\n"),
    (Ends::Lingering, ""),
    (Ends::Lingering, "Connection: close\r\n"),
];

/// Answers `POST` with 413 once it has read some of the body, and closes.
fn early((ends, says): (Ends, &'static str)) -> Origin {
    Origin::start(move |exchange: &mut Exchange<'_>| {
        if exchange.line().starts_with("GET") {
            return exchange.ok("well");
        }
        for _ in 0..READ {
            exchange.chunk_or_end();
        }
        exchange.write(&format!(
            "HTTP/1.1 413 Payload Too Large\r\n{says}Content-Length: 9\r\n\r\ntoo large"
        ));
        if let Ends::Lingering = ends {
            exchange.reader.get_ref().shutdown(Shutdown::Write).ok();
            while exchange.chunk_or_end().is_some() {}
        }
        After::Close
    })
}

fn routed(origin: &Origin) -> (Rig, SocketAddr) {
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(listener, slots));
    (rig, listener)
}

#[test]
fn a_client_that_still_sends_gets_an_early_answer_and_hears_that_its_connection_ends() {
    for way in WAYS {
        let origin = early(way);
        let (rig, listener) = routed(&origin);
        for framing in [
            format!("Content-Length: {LARGE}\r\n\r\n"),
            format!("Transfer-Encoding: chunked\r\n\r\n{LARGE:x}\r\n"),
        ]
        .iter()
        .cycle()
        .take(ROUNDS)
        {
            let mut client = Client::connect(listener);
            client.send(&format!("POST / HTTP/1.1\r\nHost: shop\r\n{framing}"));
            let mut sender = client.stream().try_clone().expect("a descriptor");
            let sending = std::thread::spawn(move || sender.write_all(&vec![b'x'; LARGE]));
            let answer = client.try_answer("POST").expect("an answer");
            assert_eq!(
                (answer.status, &*answer.text()),
                (413, "too large"),
                "{way:?}"
            );
            assert_eq!(answer.header("connection"), Some("close"), "{way:?}");
            assert!(sending.join().expect("sent").is_err());
        }
        eventually("nothing is in flight", || {
            rig.in_flight(&key("web"), 1) == 0
        });
    }
}

/// Its end is the connection's, and that was a reset: nobody can tell whether more was to come.
#[test]
fn an_early_answer_without_a_length_that_ends_by_a_reset_is_no_whole_one() {
    let origin = Origin::start(|exchange: &mut Exchange<'_>| {
        for _ in 0..READ {
            exchange.chunk_or_end();
        }
        exchange.write("HTTP/1.0 200 OK\r\n\r\nsome of it");
        // A reset whatever it has read: with nothing unread it would close in order, and this were whole.
        set_socket_linger(exchange.reader.get_ref(), Some(Duration::ZERO)).expect("it is open");
        After::Close
    });
    let (_rig, listener) = routed(&origin);
    for _ in 0..ROUNDS {
        let mut client = Client::connect(listener);
        client.send(&format!(
            "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: {LARGE}\r\n\r\n"
        ));
        let mut sender = client.stream().try_clone().expect("a descriptor");
        let sending = std::thread::spawn(move || sender.write_all(&vec![b'x'; LARGE]));
        let whole = client.try_answer("POST").ok();
        let whole = whole.filter(|answer| answer.status == 200);
        assert!(whole.is_none(), "{whole:?}");
        client.stream().shutdown(Shutdown::Both).ok();
        sending.join().expect("sent").ok();
    }
}

#[test]
fn where_little_of_the_body_is_left_its_connection_goes_on() {
    for way in WAYS {
        let origin = early(way);
        let (_rig, listener) = routed(&origin);
        let mut client = Client::connect(listener);
        for _ in 0..ROUNDS {
            let asked = Instant::now();
            client.send(&format!(
                "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: {LITTLE}\r\n\r\n{}",
                "x".repeat(READ)
            ));
            let answer = client.answer();
            assert_eq!(
                (answer.status, &*answer.text()),
                (413, "too large"),
                "{way:?}"
            );
            assert_eq!(answer.header("connection"), None, "{way:?}");
            let rest = client.try_send(&vec![b'x'; LITTLE - READ]);
            match rest.and_then(|()| client.try_get("/")) {
                Ok(answer) => assert_eq!(answer.text(), "well", "{way:?}"),
                Err(why) => {
                    // Only who was stopped for so long is too late.
                    assert!(asked.elapsed() >= LINGER_TIME, "{way:?}: {why}");
                    client = Client::connect(listener);
                }
            }
        }
    }
}

#[test]
fn a_client_of_http_2_gets_an_early_answer_and_its_connection_goes_on() {
    for way in WAYS {
        let origin = early(way);
        let (rig, listener) = routed(&origin);
        speaking(async {
            let mut speaker = Speaker::connect(listener).await;
            for _ in 0..ROUNDS {
                let (say, said) = futures_channel::mpsc::unbounded::<Result<Frame<Bytes>, _>>();
                for _ in 0..LARGE / PIECE.len() {
                    let piece = Frame::data(Bytes::from_static(PIECE));
                    say.unbounded_send(Ok(piece)).expect("said");
                }
                let request = Request::post("http://shop/").body(StreamBody::new(said).boxed());
                let answer = speaker.ask(request.expect("a request")).await;
                assert_eq!(answer.status(), 413, "{way:?}");
                assert_eq!(text(answer).await, "too large", "{way:?}");
            }
            assert_eq!(text(speaker.ask(get("/")).await).await, "well");
        });
        eventually("nothing is in flight", || {
            rig.in_flight(&key("web"), 1) == 0
        });
    }
}

#[test]
fn over_http_2_the_answer_comes_whole_and_a_reset_behind_it_says_that_no_more_is_needed() {
    let origin = early((Ends::AtOnce, ""));
    let (_rig, listener) = routed(&origin);
    let mut frames = Frames::connect(listener);
    let post = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "shop"),
    ];
    frames.head(1, &post, false);
    frames.body(1, PIECE, false);
    let (mut body, mut has_ended) = (Vec::new(), false);
    loop {
        let frame = frames.next().expect("the connection goes on");
        if frame.kind == DATA {
            body.extend(frame.payload);
            has_ended |= frame.flags & END_STREAM > 0;
        } else if frame.kind == RESET {
            assert_eq!(number(&frame.payload), 0);
            break;
        }
    }
    assert_eq!((&*body, has_ended), (&b"too large"[..], true));
}
