//! Requests of HTTP/2 that would be others, or several, once they are HTTP/1.1 (RFC 9113, 10.3).

use crate::counted::Counted;
use crate::frames::{Frames, Heard};
use crate::servers::Server;

/// A head whose pseudo-header `name` says something else; or one field more.
fn head(name: &str, value: &str) -> Vec<(String, String)> {
    let mut head: Vec<(String, String)> = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/attack"),
        (":authority", "shop"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let new = (name.to_owned(), value.to_owned());
    match head.iter_mut().find(|(known, _)| known == name) {
        Some(field) => *field = new,
        None => head.push(new),
    }
    head
}

/// Heads that a library would not send.
fn bad_heads() -> Vec<Vec<(String, String)>> {
    let hidden = "a\r\n\r\nGET /hidden HTTP/1.1\r\nhost: shop\r\n\r\n";
    let fields = [
        (":path", "/attack b"),
        (":path", "/attack HTTP/1.1\r\nx: y"),
        (":path", "/attack HTTP/1.1\r\n\r\nGET /hidden"),
        (":path", "/attack\t"),
        (":path", "/attack\0"),
        (":path", "attack"),
        (":path", "http://other/attack"),
        (":path", ""),
        (":path", "*"),
        (":method", "G ET"),
        (":method", "GET /hidden HTTP/1.1\r\nhost: shop\r\n\r\nPOST"),
        (":method", "CONNECT"),
        (":method", ""),
        (":scheme", "http\r\nx: y"),
        (":scheme", "http://other/hidden?"),
        (":authority", "a@shop"),
        (":authority", "shop\r\nx: y"),
        (":authority", "shop, other"),
        (":authority", "shop/hidden"),
        (":authority", "shop:99999"),
        (":authority", "shop;x"),
        (":authority", "[zz]"),
        (":authority", ""),
        (":status", "200"),
        (":hidden", "x"),
        ("host", "other"),
        ("transfer-encoding", "chunked"),
        ("transfer-encoding", "identity"),
        ("transfer-encoding\0", "chunked"),
        ("connection", "x-forwarded-for"),
        ("connection", "content-length"),
        ("keep-alive", "1"),
        ("proxy-connection", "keep-alive"),
        ("upgrade", "websocket"),
        ("te", "gzip"),
        ("te", "trailers, chunked"),
        ("content-length", "5"),
        ("content-length", "+0"),
        ("content-length", "0, 0"),
        ("content-length", "-0"),
        ("content-length", " 0"),
        ("content-length", ""),
        ("x", hidden),
        ("x", "a\r\ntransfer-encoding: chunked"),
        ("x", "a\nb"),
        ("x", "a\rb"),
        ("x", "a\0b"),
        ("x", "\nb"),
        ("x", " a"),
        ("x", "a\t"),
        ("x\r\ny", "a"),
        ("x: y\r\ntransfer-encoding", "chunked"),
        ("x:y", "a"),
        ("x y", "a"),
        ("x ", "a"),
        ("transfer-encoding ", "chunked"),
        ("", "a"),
        ("X-Upper", "a"),
        ("Transfer-Encoding", "chunked"),
        ("x\u{e9}", "a"),
    ];
    fields.map(|(name, value)| head(name, value)).into()
}

/// Heads with something twice, something missing, or in another order.
fn bad_orders() -> Vec<Vec<(String, String)>> {
    let good = head("x", "a");
    let twice = |name, value: &str| {
        let mut head = head("x", "a");
        head.insert(1, (String::from(name), value.to_owned()));
        head
    };
    let mut all = vec![
        twice(":path", "/hidden"),
        twice(":method", "GET"),
        twice(":scheme", "https"),
        twice(":authority", "other"),
        [
            &good[..],
            &head("content-length", "0")[4..],
            &head("content-length", "5")[4..],
        ]
        .concat(),
        [
            &good[..],
            &head("host", "shop")[4..],
            &head("host", "shop")[4..],
        ]
        .concat(),
        [&good[4..], &good[..4]].concat(),
        [&good[..3], &good[4..], &good[3..4]].concat(),
    ];
    // Whom it is for must be said somewhere; all else has its place.
    all.push(vec![
        (":method".into(), "CONNECT".into()),
        (":authority".into(), "shop:80".into()),
    ]);
    for missing in 0..4 {
        let mut head = good.clone();
        head.remove(missing);
        all.push(head);
    }
    all
}

fn says(frames: &mut Frames, head: &[(String, String)], ends: bool) {
    let fields: Vec<(&str, &str)> = head
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    frames.head(1, &fields, ends);
}

fn withstands(server: Server) {
    let mut counted = Counted::new(server);
    for head in [bad_heads(), bad_orders()].concat() {
        let mut frames = Frames::connect(counted.listener);
        says(&mut frames, &head, true);
        let heard = frames.heard(1);
        assert_ne!(heard, Heard::Status(200), "{head:?}");
        let rest = counted.after(&format!("{head:?}"), 0);
        assert!(rest.is_empty(), "it never gets there: {head:?}: {rest:?}");
    }
    // Bodies of another length than their heads say.
    let hidden = b"aGET /hidden HTTP/1.1\r\nhost: shop\r\n\r\n";
    for (said, bytes) in [
        ("1", &hidden[..]),
        ("0", &hidden[1..]),
        ("1000", &hidden[..]),
    ] {
        let mut frames = Frames::connect(counted.listener);
        says(&mut frames, &head("content-length", said), false);
        frames.body(1, bytes, true);
        assert_ne!(frames.heard(1), Heard::Status(200), "{said}");
        let rest = counted.after(said, 0);
        assert!(rest.len() <= 1, "{said}: {rest:?}");
    }
    let mut frames = Frames::connect(counted.listener);
    says(&mut frames, &head("host", "shop"), true);
    assert_eq!(frames.heard(1), Heard::Status(200));
    assert_eq!(counted.after("a good one", 1), ["/attack"]);
}

#[test]
fn no_request_of_http_2_hides_another_from_hyper() {
    withstands(Server::hyper());
}

#[test]
fn no_request_of_http_2_hides_another_from_nginx() {
    withstands(Server::nginx());
}

#[test]
fn no_request_of_http_2_hides_another_from_a_careless_python_server() {
    withstands(Server::python());
}
