//! Requests that could be read in two ways never reach an instance.

use crate::client::Client;
use crate::origin::Origin;
use crate::rig::{Rig, eventually, key, serving, slot};

const START: &str = "POST / HTTP/1.1\r\nHost: shop\r\n";

fn routed(origin: &Origin) -> (Rig, std::net::SocketAddr) {
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(listener, slots));
    (rig, listener)
}

#[test]
fn ambiguous_heads_are_refused_before_they_are_routed() {
    let origin = Origin::plain("hello");
    let (_rig, listener) = routed(&origin);
    let cases = [
        format!("{START}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG"),
        format!("{START}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nG"),
        format!("{START}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        format!("{START}Content-Length: 1, 1\r\n\r\na"),
        format!("{START}Transfer-Encoding: identity\r\n\r\n"),
        format!("{START}Transfer-Encoding: chunked, identity\r\n\r\n"),
        format!("{START}Transfer-Encoding : chunked\r\n\r\n"),
        format!("{START}X: a\r\n folded: b\r\n\r\n"),
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\nHost: shop\n\n".to_owned(),
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(),
        "CONNECT shop:80 HTTP/1.1\r\nHost: shop\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".to_owned(),
        "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n".to_owned(),
    ];
    for case in cases {
        let mut client = Client::connect(listener);
        client.send(&case);
        let answer = client.answer();
        assert_eq!(
            (answer.status, answer.error()),
            (400, Some("bad_request")),
            "{case:?}"
        );
        assert!(
            client.rest().is_empty(),
            "and the connection ends: {case:?}"
        );
    }
    assert_eq!(origin.requests(), 0);
}

#[test]
fn a_bad_request_behind_a_good_one_is_refused_and_the_good_one_answered() {
    let origin = Origin::plain("hello");
    let (_rig, listener) = routed(&origin);
    let mut client = Client::connect(listener);
    client.send(&format!(
        "GET / HTTP/1.1\r\nHost: shop\r\n\r\n{START}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
    ));
    assert_eq!(client.answer().text(), "hello");
    assert_eq!(client.answer().error(), Some("bad_request"));
    assert_eq!(origin.requests(), 1);
}

#[test]
fn too_large_a_head_is_refused() {
    let origin = Origin::plain("hello");
    let (_rig, listener) = routed(&origin);
    let mut client = Client::connect(listener);
    let long = "y".repeat(70_000);
    client.send(&format!(
        "GET / HTTP/1.1\r\nHost: shop\r\nX: {long}\r\n\r\n"
    ));
    let answer = client.answer();
    assert_eq!((answer.status, answer.error()), (431, Some("bad_request")));
    assert_eq!(origin.requests(), 0);
}

#[test]
fn chunks_that_can_be_cut_in_two_ways_end_the_connection() {
    let origin = Origin::start(|exchange| {
        let mut rest = Vec::new();
        // The router breaks off: what came is no whole body.
        assert!(std::io::Read::read_to_end(exchange.reader, &mut rest).is_ok());
        assert!(!rest.ends_with(b"0\r\n\r\n"));
        crate::origin::After::Close
    });
    let (rig, listener) = routed(&origin);
    for bad in ["5\nhello\r\n0\r\n\r\n", "2\r\nabc\r\n0\r\n\r\n", "x\r\n"] {
        let mut client = Client::connect(listener);
        client.send(&format!("{START}Transfer-Encoding: chunked\r\n\r\n{bad}"));
        let answer = client.try_answer("POST");
        assert!(
            answer
                .as_ref()
                .map_or(true, |a| a.error() == Some("bad_request")),
            "{bad:?}: {answer:?}"
        );
    }
    eventually("nothing is left in flight", || {
        rig.in_flight(&key("web"), 1) == 0
    });
}

#[test]
fn slow_heads_are_timed_and_slow_clients_hold_nothing() {
    let origin = Origin::plain("hello");
    let (_rig, listener) = routed(&origin);
    let mut silent = Client::connect(listener);
    let mut half = Client::connect(listener);
    half.send("GET / HTTP/1.1\r\nHost: sh");
    let mut second = Client::connect(listener);
    assert_eq!(second.get("/").text(), "hello");
    second.send("GET / HTTP/1.1\r\n");
    for client in [&mut half, &mut second] {
        let answer = client.answer();
        assert_eq!((answer.status, answer.error()), (408, Some("timeout")));
        assert!(answer.header("x-request-id").is_some());
        assert!(client.rest().is_empty());
    }
    assert!(silent.rest().is_empty(), "closed without a word");
    assert_eq!(origin.requests(), 1);
}
