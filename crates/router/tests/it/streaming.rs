//! Keep-alive, bodies both ways, and what HTTP/1.x allows.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use crate::client::Client;
use crate::origin::{After, Origin};
use crate::rig::{Rig, key, serving, slot};

/// A router that sends everything to `origin`.
fn routed(origin: &Origin) -> (Rig, std::net::SocketAddr) {
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(listener, slots));
    (rig, listener)
}

#[test]
fn connections_are_kept_on_both_sides() {
    let origin = Origin::plain("hello");
    let (_rig, listener) = routed(&origin);
    let mut client = Client::connect(listener);
    for _ in 0..50 {
        assert_eq!(client.get("/").text(), "hello");
    }
    assert_eq!((origin.connections(), origin.requests()), (1, 50));
}

#[test]
fn an_answer_streams_while_the_origin_still_writes() {
    let (go_on, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let origin = Origin::start(move |exchange| {
        exchange.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
        wait.lock().expect("a lock").recv().expect("the word");
        exchange.write("6\r\nsecond\r\n0\r\n\r\n");
        After::Keep
    });
    let (_rig, listener) = routed(&origin);
    let mut client = Client::connect(listener);
    client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    assert_eq!(client.head().expect("a head").status, 200);
    assert_eq!(client.chunk().expect("a chunk").expect("one"), b"first");
    go_on.send(()).expect("said");
    assert_eq!(client.chunk().expect("a chunk").expect("one"), b"second");
    assert_eq!(client.chunk().expect("the end"), None);
    go_on.send(()).expect("said");
    assert_eq!(
        client.get("/").text(),
        "firstsecond",
        "the connection goes on"
    );
}

#[test]
fn an_upload_streams_while_the_client_still_sends() {
    let (came, first) = channel::<Vec<u8>>();
    let came = Mutex::new(came);
    let origin = Origin::start(move |exchange| {
        let first = exchange.chunk().expect("a chunk");
        came.lock().expect("a lock").send(first).expect("told");
        let rest = exchange.body();
        exchange.ok(&String::from_utf8_lossy(&rest))
    });
    let (_rig, listener) = routed(&origin);
    for method in ["POST", "GET"] {
        let mut client = Client::connect(listener);
        client.send(&format!(
            "{method} / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n"
        ));
        assert_eq!(first.recv().expect("the first chunk"), b"first");
        client.send("6\r\nsecond\r\n0\r\n\r\n");
        assert_eq!(client.answer().text(), "second");
    }
}

#[test]
fn a_large_body_arrives_whole_both_ways() {
    let origin = Origin::start(|exchange| {
        let body = exchange.body();
        exchange.ok(&String::from_utf8_lossy(&body))
    });
    let (_rig, listener) = routed(&origin);
    let body: String = ('a'..='w').cycle().take(400_000).collect();
    let mut client = Client::connect(listener);
    let length = body.len();
    client.send(&format!(
        "PUT / HTTP/1.1\r\nHost: shop\r\nContent-Length: {length}\r\n\r\n{body}"
    ));
    assert_eq!(client.answer().text(), body);
}

#[test]
fn a_client_that_waits_for_100_continue_gets_it() {
    let origin = Origin::start(|exchange| {
        let body = exchange.body();
        exchange.ok(&String::from_utf8_lossy(&body))
    });
    let (_rig, listener) = routed(&origin);
    let mut client = Client::connect(listener);
    client
        .send("POST / HTTP/1.1\r\nHost: shop\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_eq!(client.head().expect("a head").status, 100);
    client.send("abc");
    assert_eq!(client.answer().text(), "abc");
}

#[test]
fn head_and_http_1_0_and_pipelined_requests_are_answered() {
    let origin = Origin::start(|exchange| {
        if exchange.line().starts_with("HEAD") {
            exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
            return After::Keep;
        }
        let host = exchange.header("host").unwrap_or_default().to_owned();
        let line = exchange.line().to_owned();
        exchange.ok(&format!("{line} {host}"))
    });
    let (_rig, listener) = routed(&origin);
    let mut client = Client::connect(listener);
    client.send("HEAD / HTTP/1.1\r\nHost: shop\r\n\r\n");
    let head = client.try_answer("HEAD").expect("an answer");
    assert_eq!(head.header("content-length"), Some("7"));
    client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET http://b/2 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer().text(), "GET /1 HTTP/1.1 a");
    assert_eq!(client.answer().text(), "GET /2 HTTP/1.1 b");

    let mut client = Client::connect(listener);
    client.send("GET /3 HTTP/1.0\r\n\r\n");
    let answer = client.answer();
    assert_eq!(answer.text(), format!("GET /3 HTTP/1.1 {}", origin.address));
    assert!(client.rest().is_empty(), "HTTP/1.0 closes");
}

#[test]
fn headers_for_the_next_hop_end_here_and_the_client_is_named() {
    let origin = Origin::start(|exchange| {
        let told = exchange.head.clone();
        let length = told.len();
        exchange.write(&format!(
            "HTTP/1.1 200 OK\r\nConnection: x-internal, keep-alive\r\nX-Internal: 1\r\n\
             Keep-Alive: timeout=5\r\nX-Kept: 1\r\nContent-Length: {length}\r\n\r\n{told}"
        ));
        After::Keep
    });
    let (_rig, listener) = routed(&origin);
    let mut client = Client::connect(listener);
    client.send(
        "GET / HTTP/1.1\r\nHost: shop\r\nConnection: close, x-secret\r\nX-Secret: 1\r\n\
         Proxy-Connection: keep-alive\r\nX-Forwarded-For: 9.9.9.9\r\nX-Kept: 1\r\n\r\n",
    );
    let answer = client.answer();
    assert_eq!(answer.header("x-kept"), Some("1"));
    assert_eq!(answer.header("x-internal"), None);
    assert_eq!(answer.header("keep-alive"), None);
    let seen = answer.text();
    for there in [
        "host: shop",
        "x-kept: 1",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-forwarded-host: shop",
    ] {
        assert!(seen.contains(there), "{there} in {seen}");
    }
    for gone in ["connection", "x-secret"] {
        assert!(!seen.contains(gone), "{gone} in {seen}");
    }
}

#[test]
fn a_request_has_one_name_at_the_instance_and_in_the_routers_own_answers() {
    let origin = Origin::start(|exchange| {
        let name = exchange
            .header("x-request-id")
            .unwrap_or_default()
            .to_owned();
        exchange.ok(name.trim())
    });
    let (rig, listener) = routed(&origin);
    let mut client = Client::connect(listener);
    assert_eq!(client.get("/").text().len(), 32, "one of the router's");
    let ask = |client: &mut Client, accept: &str| {
        client.send(&format!(
            "GET / HTTP/1.1\r\nHost: shop\r\nX-Request-Id: mine-7\r\nAccept: {accept}\r\n\r\n"
        ));
        client.answer()
    };
    assert_eq!(ask(&mut client, "*/*").text(), "mine-7");
    rig.route(&key("web"), serving(listener, vec![]));
    for (accept, kind, told) in [
        ("*/*", "text/plain; charset=utf-8", "(request mine-7)"),
        ("text/html", "text/html; charset=utf-8", "request mine-7"),
        (
            "application/json",
            "application/json",
            "\"request_id\":\"mine-7\"",
        ),
    ] {
        let answer = ask(&mut client, accept);
        assert_eq!((answer.status, answer.error()), (503, Some("no_capacity")));
        assert_eq!(answer.header("content-type"), Some(kind));
        assert_eq!(answer.header("x-request-id"), Some("mine-7"));
        let text = answer.text();
        assert!(
            text.contains("Windlass") || kind == "application/json",
            "{text}"
        );
        assert!(text.contains(told), "{text}");
    }
}
