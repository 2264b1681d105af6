//! WebSocket and other protocols after a 101.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::channel;

use crate::client::Client;
use crate::origin::{After, Exchange, Origin};
use crate::rig::{Rig, eventually, key, serving, slot};

pub(crate) const ASK: &str = "GET /chat HTTP/1.1\r\nHost: shop\r\nConnection: keep-alive, Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
pub(crate) const SWITCH: &str =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/// Switches, then gives every byte back.
pub(crate) fn echo(exchange: &mut Exchange<'_>) -> After {
    if exchange.header("upgrade").is_none() {
        return exchange.ok("plain");
    }
    exchange.write(SWITCH);
    let mut bytes = [0; 1024];
    while let Ok(count @ 1..) = exchange.reader.read(&mut bytes) {
        let mut back = exchange.reader.get_ref();
        back.write_all(&bytes[..count]).expect("echoed");
    }
    After::Close
}

/// One data thread: what one request did is seen by the next.
fn routed(origin: &Origin) -> (Rig, SocketAddr) {
    let rig = Rig::with_threads(1);
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(listener, slots));
    (rig, listener)
}

#[test]
fn a_websocket_echoes_through_and_counts_until_it_ends() {
    let origin = Origin::start(echo);
    let (rig, listener) = routed(&origin);
    let mut client = Client::connect(listener);
    client.send(ASK);
    let answer = client.head().expect("a head");
    assert_eq!(answer.status, 101);
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    assert_eq!(answer.header("connection"), Some("upgrade"));
    for frame in [&b"\x81\x05hello"[..], b"\x81\x00", b"GET / HTTP/1.1\n\n"] {
        client.try_send(frame).expect("sent");
        assert_eq!(client.bytes(frame.len()), frame);
    }
    assert_eq!(rig.in_flight(&key("web"), 1), 1);
    client.end_sending();
    assert!(client.rest().is_empty());
    eventually("the tunnel is no longer in flight", || {
        rig.in_flight(&key("web"), 1) == 0
    });
}

#[test]
fn no_byte_passes_before_the_origin_has_switched() {
    let (asked, was_asked) = channel::<()>();
    let (go_on, wait) = channel::<()>();
    let channels = Mutex::new((asked, wait));
    let origin = Origin::start(move |exchange| {
        if exchange.header("upgrade").is_none() {
            return exchange.ok("plain");
        }
        let channels = channels.lock().expect("a lock");
        channels.0.send(()).expect("told");
        channels.1.recv().expect("the word");
        let stream = exchange.reader.get_ref();
        stream.set_nonblocking(true).expect("set");
        let early = stream.peek(&mut [0; 16]);
        stream.set_nonblocking(false).expect("set");
        assert!(exchange.reader.buffer().is_empty());
        assert!(early.is_err(), "bytes came before the switch: {early:?}");
        echo(exchange)
    });
    let (_rig, listener) = routed(&origin);
    let mut client = Client::connect(listener);
    client.send(ASK);
    was_asked.recv().expect("the origin was asked");
    client.send("early");
    // The router's only data thread has since served a whole request.
    assert_eq!(Client::connect(listener).get("/").text(), "plain");
    go_on.send(()).expect("said");
    assert_eq!(client.head().expect("a head").status, 101);
    assert_eq!(client.bytes(5), b"early");
}

#[test]
fn after_a_refused_upgrade_the_connection_speaks_http() {
    let origin = Origin::start(|exchange| {
        let line = exchange.line().to_owned();
        exchange.ok(&line)
    });
    let (_rig, listener) = routed(&origin);
    let mut client = Client::connect(listener);
    client.send(&format!("{ASK}GET /next HTTP/1.1\r\nHost: shop\r\n\r\n"));
    assert_eq!(client.answer().text(), "GET /chat HTTP/1.1");
    assert_eq!(client.answer().text(), "GET /next HTTP/1.1");
    client.send(&format!(
        "{ASK}GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    ));
    assert_eq!(client.answer().text(), "GET /chat HTTP/1.1");
    assert_eq!(client.answer().error(), Some("bad_request"));
}

#[test]
fn http2_may_not_be_asked_for_and_a_switch_unasked_is_broken() {
    let origin = Origin::start(|exchange| {
        if exchange.line().contains("/odd") {
            exchange.write(SWITCH);
            return After::Close;
        }
        let upgrade = exchange.header("upgrade").unwrap_or("none").to_owned();
        exchange.ok(&upgrade)
    });
    let (_rig, listener) = routed(&origin);
    let mut client = Client::connect(listener);
    client.send(
        "GET / HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade, HTTP2-Settings\r\n\
         Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
    );
    assert_eq!(client.answer().text(), "none");
    let answer = client.get("/odd");
    assert_eq!(
        (answer.status, answer.error()),
        (502, Some("answer_broken"))
    );
}
