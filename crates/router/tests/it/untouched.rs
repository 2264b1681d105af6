//! What passes as it came: heads that are nobody's business here.

use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Empty};
use hyper::Request;

use crate::client::Client;
use crate::multiplexed::{Speaker, speaking, text};
use crate::origin::{After, Exchange, Origin};
use crate::rig::{Rig, key, serving, slot};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const STATE: &str = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
const ACCEPTS: &str = "br;q=1.0, gzip;q=0.8, *;q=0.1";

/// Says what came, and answers in a coding.
fn telling() -> Origin {
    Origin::start(|exchange: &mut Exchange<'_>| {
        let names = ["traceparent", "tracestate", "accept-encoding"];
        let told = names.map(|name| exchange.header(name).unwrap_or("none").to_owned());
        let told = told.join("|");
        exchange.write(&format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nVary: accept-encoding\r\ntraceparent: {PARENT}\r\n\
             Content-Length: {}\r\n\r\n{told}",
            told.len()
        ));
        After::Keep
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
fn trace_context_and_codings_pass_untouched_both_ways() {
    let origin = telling();
    let (_rig, listener) = routed(&origin);
    let whole = format!("{PARENT}|{STATE}|{ACCEPTS}");
    let mut client = Client::connect(listener);
    client.send(&format!(
        "GET / HTTP/1.1\r\nHost: shop\r\ntraceparent: {PARENT}\r\ntracestate: {STATE}\r\n\
         Accept-Encoding: {ACCEPTS}\r\n\r\n"
    ));
    let answer = client.answer();
    assert_eq!(answer.text(), whole);
    assert_eq!(answer.header("content-encoding"), Some("br"));
    assert_eq!(answer.header("traceparent"), Some(PARENT));

    speaking(async {
        let request = Request::get("http://shop/")
            .header("traceparent", PARENT)
            .header("tracestate", STATE)
            .header("accept-encoding", ACCEPTS)
            .body(Empty::new().boxed())
            .expect("a request");
        let answer = Speaker::connect(listener).await.ask(request).await;
        assert_eq!(answer.headers()["content-encoding"], "br");
        assert_eq!(answer.headers()["traceparent"], PARENT);
        assert_eq!(text(answer).await, whole);
    });
}

/// The client may ask with all of a URL; an instance is asked as servers are.
#[test]
fn all_of_a_url_reaches_an_instance_as_a_path_and_a_host() {
    let origin = Origin::start(|exchange: &mut Exchange<'_>| {
        let named = ["host", "x-forwarded-host"];
        let named = named.map(|name| exchange.header(name).unwrap_or("none").to_owned());
        let told = format!("{}|{}", exchange.line().trim_end(), named.join("|"));
        exchange.ok(&told)
    });
    let (_rig, listener) = routed(&origin);
    for (target, told) in [
        ("http://shop:80/a?b", "GET /a?b HTTP/1.1|shop:80|shop:80"),
        ("HTTP://shop", "GET / HTTP/1.1|shop|shop"),
        ("http://[::1]:80/a", "GET /a HTTP/1.1|[::1]:80|[::1]:80"),
        ("https://shop?b", "GET /?b HTTP/1.1|shop|shop"),
    ] {
        let mut client = Client::connect(listener);
        client.send(&format!("GET {target} HTTP/1.1\r\nHost: other\r\n\r\n"));
        assert_eq!(client.answer().text(), told, "{target}");
    }
}
