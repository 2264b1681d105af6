//! Proxies in front, and what they are believed.

use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use windlass_model::{Listen, Proxies};

use crate::client::Client;
use crate::multiplexed::{Speaker, speaking, text};
use crate::origin::{Exchange, Origin};
use crate::rig::{Rig, key, serving, slot};

/// Says whom a request comes from.
fn telling() -> Origin {
    Origin::start(|exchange: &mut Exchange<'_>| {
        let from = exchange.header("x-forwarded-for").unwrap_or("nobody");
        exchange.ok(from)
    })
}

fn behind(address: SocketAddr, trusted: &str, proxy_protocol: bool) -> Listen {
    Listen {
        proxies: Proxies {
            trusted: vec![trusted.parse().expect("a network")],
            proxy_protocol,
        },
        ..address.into()
    }
}

fn routed(origin: &Origin, listen: impl Fn(SocketAddr) -> Listen) -> (Rig, SocketAddr) {
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    rig.route(&key("web"), serving(listen(listener), slots));
    (rig, listener)
}

const ASK: &str = "GET / HTTP/1.1\r\nHost: shop\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n";

/// The answer to a request behind these bytes.
fn after(listener: SocketAddr, header: &[u8]) -> Option<String> {
    let mut client = Client::connect(listener);
    client.try_send(header).ok()?;
    client.try_send(ASK.as_bytes()).ok()?;
    let answer = client.try_answer("GET").ok()?;
    Some(answer.text())
}

/// A header of version 2 with this command, family and rest.
fn second(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).expect("short").to_be_bytes();
    let start = b"\r\n\r\n\x00\r\nQUIT\n".iter().copied();
    start
        .chain([command, family])
        .chain(length)
        .chain(rest.iter().copied())
        .collect()
}

#[test]
fn only_a_proxy_that_is_trusted_is_believed_whom_a_request_comes_from() {
    let origin = telling();
    for (trusted, told) in [
        ("127.0.0.0/8", "6.6.6.6, 127.0.0.1"),
        ("10.0.0.0/8", "127.0.0.1"),
    ] {
        let (_rig, listener) = routed(&origin, |at| behind(at, trusted, false));
        assert_eq!(after(listener, b"").as_deref(), Some(told));
    }
    let (_rig, listener) = routed(&origin, Listen::from);
    assert_eq!(
        after(listener, b"").as_deref(),
        Some("127.0.0.1"),
        "nobody is"
    );
}

/// Whoever reads heads as variables takes both spellings for one.
#[test]
fn no_other_spelling_of_what_the_router_says_gets_to_an_instance() {
    const OTHERS: [&str; 6] = [
        "X_Forwarded_For",
        "x-forwarded_for",
        "X_FORWARDED-Proto",
        "X_Forwarded_Host",
        "X_Request_Id",
        "Windlass_Mirror",
    ];
    let origin = Origin::start(|exchange: &mut Exchange<'_>| {
        let names = exchange
            .head
            .lines()
            .filter_map(|line| line.split_once(':'));
        let odd: Vec<&str> = names
            .map(|(name, _)| name)
            .filter(|name| name.contains('_'))
            .collect();
        let told = odd.join(" ");
        exchange.ok(&told)
    });
    // Not even of a proxy that is believed: it has the right spelling.
    for trusted in ["127.0.0.0/8", "10.0.0.0/8"] {
        let (_rig, listener) = routed(&origin, |at| behind(at, trusted, false));
        let lines: String = OTHERS.map(|name| format!("{name}: 6.6.6.6\r\n")).concat();
        let mut client = Client::connect(listener);
        client.send(&format!(
            "GET / HTTP/1.1\r\nHost: shop\r\n{lines}my_own: 1\r\n\r\n"
        ));
        assert_eq!(client.answer().text(), "my_own", "{trusted}");
        speaking(async {
            let mut request = Request::get("http://shop/").header("my_own", "1");
            for name in OTHERS {
                request = request.header(name.to_lowercase(), "6.6.6.6");
            }
            let request = request.body(Empty::new().boxed()).expect("a request");
            let answer = Speaker::connect(listener).await.ask(request).await;
            assert_eq!(text(answer).await, "my_own", "{trusted}");
        });
    }
}

#[test]
fn a_connection_comes_from_whom_a_trusted_proxy_announces() {
    let origin = telling();
    let (_rig, listener) = routed(&origin, |at| behind(at, "127.0.0.1/32", true));
    let four = [1, 2, 3, 4, 127, 0, 0, 1, 0x12, 0x34, 0, 80];
    let six = [[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9], [0; 16]].concat();
    let extra = |addresses: &[u8]| [addresses, &[4, 0, 2, 0, 0][..]].concat();
    for (header, told) in [
        (&b"PROXY TCP4 1.2.3.4 127.0.0.1 999 80\r\n"[..], "1.2.3.4"),
        (b"PROXY TCP6 fd00::9 ::1 999 80\r\n", "fd00::9"),
        (&second(0x21, 0x11, &four), "1.2.3.4"),
        (&second(0x21, 0x11, &extra(&four)), "1.2.3.4"),
        (
            &second(0x21, 0x21, &[&six[..], &[0; 4]].concat()),
            "fd00::9",
        ),
    ] {
        assert_eq!(
            after(listener, header).as_deref(),
            Some(told),
            "and no more"
        );
    }
    // The proxy itself, which is believed what it says of others.
    for itself in [&b"PROXY UNKNOWN\r\n"[..], &second(0x20, 0, &[])] {
        let told = after(listener, itself);
        assert_eq!(told.as_deref(), Some("6.6.6.6, 127.0.0.1"));
    }
}

#[test]
fn a_header_that_comes_in_pieces_is_taken_to_its_last_byte_and_not_further() {
    let origin = telling();
    let (_rig, listener) = routed(&origin, |at| behind(at, "127.0.0.1/32", true));
    let header = "PROXY TCP4 1.2.3.4 127.0.0.1 999 80\r\n";
    let whole = format!("{header}{ASK}");
    for cut in [
        1,
        12,
        13,
        20,
        header.len() - 1,
        header.len(),
        header.len() + 3,
    ] {
        let mut client = Client::connect(listener);
        let (first, rest) = whole.split_at(cut);
        client.send(first);
        // Somebody else is served in between, so the pieces arrive apart.
        assert!(after(listener, header.as_bytes()).is_some());
        client.send(rest);
        assert_eq!(client.answer().text(), "1.2.3.4", "{cut}");
    }
}

#[test]
fn without_a_whole_header_a_trusted_proxy_is_not_served() {
    let origin = telling();
    let (_rig, listener) = routed(&origin, |at| behind(at, "127.0.0.1/32", true));
    let long = format!("PROXY TCP4 {}\r\n", "1".repeat(200));
    for bad in [
        &b""[..],
        b"PROXY TCP4 1.2.3.4 127.0.0.1 999\r\n",
        b"PROXY TCP4 1.2.3.4.5 127.0.0.1 999 80\r\n",
        b"PROXY UDP4 1.2.3.4 127.0.0.1 999 80\r\n",
        b"proxy TCP4 1.2.3.4 127.0.0.1 999 80\r\n",
        b"PROXY TCP4 1.2.3.4 127.0.0.1 999 80\n",
        long.as_bytes(),
        &second(0x31, 0x11, &[0; 12]),
        &second(0x21, 0x11, &[0; 4]),
        &second(0x21, 0x99, &[0; 12]),
        &second(0x21, 0, &vec![0; 5000]),
    ] {
        assert_eq!(
            after(listener, bad),
            None,
            "{}",
            String::from_utf8_lossy(bad)
        );
    }
    assert_eq!(origin.requests(), 0);
}

#[test]
fn a_header_of_somebody_who_is_not_trusted_is_no_request() {
    let origin = telling();
    let (_rig, listener) = routed(&origin, |at| behind(at, "10.0.0.0/8", true));
    let mut client = Client::connect(listener);
    client.send(&format!("PROXY TCP4 1.2.3.4 127.0.0.1 999 80\r\n{ASK}"));
    assert_eq!(client.answer().status, 400);
    assert_eq!(after(listener, b"").as_deref(), Some("127.0.0.1"));
}
