//! What the router answers by itself.

use windlass_model::{Host, Listen, RequestLimits, Route};

use crate::client::{Answer, Client};
use crate::origin::Origin;
use crate::rig::{Rig, key, serving, slot};

/// A head that is not one, and what is said of it.
fn unreadable() -> Vec<(String, u16)> {
    let host = "Host: shop\r\n";
    let odd = [
        "GET\r\n\r\n".to_owned(),
        "GET /\r\n\r\n".to_owned(),
        format!("GET /a b HTTP/1.1\r\n{host}\r\n"),
        format!("GET / HTTP/1.2.3\r\n{host}\r\n"),
        format!("GET / HTTP/7.0\r\n{host}\r\n"),
        format!("G@T / HTTP/1.1\r\n{host}\r\n"),
        format!("GET shop HTTP/1.1\r\n{host}\r\n"),
        format!("GET shop:80 HTTP/1.1\r\n{host}\r\n"),
        format!("GET * HTTP/1.1\r\n{host}\r\n"),
        format!("GET http:// HTTP/1.1\r\n{host}\r\n"),
        format!("GET http://sta.example:80@shop/echo HTTP/1.1\r\n{host}\r\n"),
        format!("GET http://shop@sta.example/echo HTTP/1.1\r\n{host}\r\n"),
        format!("GET http://shop: HTTP/1.1\r\n{host}\r\n"),
        format!("GET http://shop:65536/ HTTP/1.1\r\n{host}\r\n"),
        format!("GET http://:80/ HTTP/1.1\r\n{host}\r\n"),
        format!("GET ftp://shop/ HTTP/1.1\r\n{host}\r\n"),
        format!("CONNECT shop:80 HTTP/1.1\r\n{host}\r\n"),
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\n{host}{host}\r\n"),
        format!("GET / HTTP/1.1\r\n{host}no colon\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{host}Name : a\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{host}Name: a\0b\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{host}Name: a\r\n folded\r\n\r\n"),
        format!("POST / HTTP/1.1\r\n{host}Content-Length: -1\r\n\r\n"),
        format!("POST / HTTP/1.1\r\n{host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding: gzip\r\n\r\n"),
        format!(
            "POST / HTTP/1.1\r\n{host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
    ];
    let large = [
        format!("GET /{} HTTP/1.1\r\n{host}\r\n", "a".repeat(70_000)),
        format!(
            "GET / HTTP/1.1\r\n{host}Name: {}\r\n\r\n",
            "a".repeat(70_000)
        ),
        format!("GET / HTTP/1.1\r\n{host}{}\r\n", "Name: a\r\n".repeat(200)),
    ];
    let odd = odd.into_iter().map(|head| (head, 400));
    odd.chain(large.into_iter().map(|head| (head, 431)))
        .collect()
}

/// Whether it names its reason and the request, on the page as well.
#[track_caller]
fn is_told(answer: &Answer, what: &str) {
    assert!(answer.error().is_some(), "{what}: {answer:?}");
    let id = answer.header("x-request-id").unwrap_or_default();
    assert!(id.len() >= 16, "{what}: {answer:?}");
    assert!(answer.text().contains(id), "{what}: {answer:?}");
}

#[test]
fn each_answer_of_its_own_names_its_reason_and_the_request() {
    let origin = Origin::plain("hello");
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let nobody = gone.local_addr().expect("an address");
    drop(gone);
    let rig = Rig::start();
    let listener = rig.listener();
    let at = |host: &str| Listen {
        host: Some(Host::new(host).expect("a host")),
        ..Listen::from(listener)
    };
    let mut small: Route = serving(at("small"), vec![slot(3, 100, &[origin.address])]);
    small.traffic.limits = RequestLimits {
        body: Some(1),
        head: Some(200),
        ..RequestLimits::default()
    };
    rig.route(
        &key("web"),
        serving(at("shop"), vec![slot(1, 100, &[origin.address])]),
    );
    rig.route(&key("small"), small);
    rig.route(&key("none"), serving(at("none"), vec![]));
    rig.route(
        &key("dead"),
        serving(at("dead"), vec![slot(5, 100, &[nobody])]),
    );

    for (head, status) in unreadable() {
        let client = Client::connect(listener);
        let shown: String = head.chars().take(80).collect();
        // A head that is too large is answered before all of it has come.
        client.try_send(head.as_bytes()).ok();
        let mut client = client;
        let answer = client.answer();
        assert_eq!(answer.status, status, "{shown:?}: {answer:?}");
        is_told(&answer, &shown);
    }
    let name = format!("Name: {}\r\n", "a".repeat(300));
    let readable = [
        ("nobody", String::new(), 404),
        ("none", String::new(), 503),
        ("dead", String::new(), 502),
        ("small", "Content-Length: 2\r\n".to_owned(), 413),
        ("small", name, 431),
    ];
    for (host, lines, status) in readable {
        for (accept, kind) in [
            ("*/*", "text/plain; charset=utf-8"),
            ("text/html", "text/html; charset=utf-8"),
            ("application/json", "application/json"),
        ] {
            let mut client = Client::connect(listener);
            client.send(&format!(
                "GET / HTTP/1.1\r\nHost: {host}\r\nAccept: {accept}\r\n{lines}\r\n"
            ));
            let answer = client.answer();
            assert_eq!(answer.status, status, "{host}: {answer:?}");
            assert_eq!(answer.header("content-type"), Some(kind), "{host}");
            is_told(&answer, host);
        }
    }
    assert_eq!(origin.requests(), 0);
}
