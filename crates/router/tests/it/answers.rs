//! Answers of instances that two readers would read differently, or that nobody asked for.

use std::net::SocketAddr;

use crate::client::Client;
use crate::origin::{After, Exchange, Origin};
use crate::rig::{Rig, key, serving, slot};

/// One data thread, so that the next request takes the connection of the one before.
fn routed(origin: &Origin) -> (Rig, SocketAddr) {
    let rig = Rig::with_threads(1);
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(listener, slots));
    (rig, listener)
}

/// The number in `GET /NUMBER`.
fn asked_for(exchange: &Exchange<'_>) -> usize {
    let path = exchange.line().split(' ').nth(1).unwrap_or_default();
    path.trim_start_matches('/').parse().expect("a number")
}

#[test]
fn an_answer_that_could_be_read_in_two_ways_is_broken() {
    const BAD: [&str; 12] = [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/9.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
    ];
    let origin = Origin::start(|exchange| {
        exchange.write(BAD[asked_for(exchange)]);
        After::Close
    });
    let (_rig, listener) = routed(&origin);
    for (number, bad) in BAD.iter().enumerate() {
        let answer = Client::connect(listener).get(&format!("/{number}"));
        assert_eq!(
            (answer.status, answer.error()),
            (502, Some("answer_broken")),
            "{bad:?}"
        );
    }
}

#[test]
fn an_answer_with_a_length_and_chunks_ends_with_its_chunks() {
    let origin = Origin::start(|exchange| {
        exchange.write(
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n\
             3\r\nabc\r\n0\r\n\r\n",
        );
        After::Close
    });
    let (_rig, listener) = routed(&origin);
    let answer = Client::connect(listener).get("/");
    assert_eq!(answer.header("content-length"), None);
    assert_eq!(answer.text(), "abc");
}

/// What answers the third request of a connection would be for whoever asks next.
#[test]
fn what_an_instance_says_unasked_answers_nobody() {
    const POISON: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
    const ROUNDS: usize = 100;
    let begun = [
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
        (
            "GET",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 62\r\n\r\n",
        ),
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 45\r\n\r\n"),
        (
            "GET",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
    ];
    for (method, answer) in begun {
        let origin = Origin::start(move |exchange| {
            if exchange.line().contains("/more") {
                exchange.write(&format!("{answer}{POISON}"));
                return After::Keep;
            }
            let path = exchange.line().to_owned();
            exchange.ok(&path)
        });
        let (_rig, listener) = routed(&origin);
        let mut client = Client::connect(listener);
        for round in 0..ROUNDS {
            client.send(&format!("{method} /more HTTP/1.1\r\nHost: shop\r\n\r\n"));
            client.try_answer(method).expect("an answer");
            let next = client.get(&format!("/{round}"));
            assert_eq!(next.text(), format!("GET /{round} HTTP/1.1"), "{answer:?}");
        }
    }
}

#[test]
fn words_before_an_answer_are_not_the_answer() {
    let origin = Origin::start(|exchange| {
        exchange.write("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
        exchange.write("HTTP/1.1 100 Continue\r\n\r\n");
        exchange.ok("the answer")
    });
    let (_rig, listener) = routed(&origin);
    let mut client = Client::connect(listener);
    for _ in 0..3 {
        let answer = client.get("/");
        assert_eq!((answer.status, answer.text().as_str()), (200, "the answer"));
    }
    assert_eq!(origin.connections(), 1, "its connection goes on");
}
