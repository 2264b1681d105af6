//! Copies of requests for somebody who looks on.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::channel;

use windlass_model::{Mirror, Percent, Route, Traffic};

use crate::client::Client;
use crate::origin::{After, Origin, Refuses};
use crate::rig::{Rig, eventually, key, serving, slot};

/// One data thread, so that its bound is the router's.
fn mirrored(origin: &Origin, to: SocketAddr, share: u64) -> (Rig, SocketAddr) {
    let rig = Rig::with_threads(1);
    let listener = rig.listener();
    let mirror = Mirror {
        to,
        share: Percent::new(share).expect("a share"),
    };
    let route = Route {
        traffic: Box::new(Traffic {
            mirror: Some(mirror),
            ..Traffic::default()
        }),
        ..serving(listener, vec![slot(1, 100, &[origin.address])])
    };
    rig.route(&key("web"), route);
    (rig, listener)
}

#[test]
fn a_share_of_what_asks_for_something_is_copied_and_says_so() {
    let (told, seen) = channel();
    let told = Mutex::new(told);
    let looks_on = Origin::start(move |exchange| {
        let copy = exchange.header("windlass-mirror").map(str::to_owned);
        let line = exchange.line().to_owned();
        let told = told.lock().expect("no panic");
        told.send((line, copy)).expect("a test");
        exchange.write("HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\nno!");
        After::Keep
    });
    let origin = Origin::start(|exchange| {
        assert_eq!(exchange.header("windlass-mirror"), None);
        exchange.body();
        exchange.ok("answered")
    });
    let (_rig, listener) = mirrored(&origin, looks_on.address, 25);
    let mut client = Client::connect(listener);
    for _ in 0..40 {
        assert_eq!(client.get("/a?b").text(), "answered");
    }
    for _ in 0..10 {
        let (line, copy) = seen.recv().expect("a copy");
        assert_eq!(
            (line.as_str(), copy.as_deref()),
            ("GET /a?b HTTP/1.1", Some("yes"))
        );
    }
    for _ in 0..8 {
        client.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\nhi");
        assert_eq!(client.answer().text(), "answered");
    }
    assert_eq!(client.get("/").text(), "answered");
    assert_eq!((looks_on.requests(), origin.requests()), (10, 49));
}

#[test]
fn whoever_looks_on_and_never_answers_costs_nobody_anything_and_is_bounded() {
    let looks_on = Origin::start(|exchange| {
        while exchange.chunk_or_end().is_some() {}
        After::Close
    });
    let origin = Origin::plain("answered");
    let (rig, listener) = mirrored(&origin, looks_on.address, 100);
    let mut client = Client::connect(listener);
    for _ in 0..200 {
        assert_eq!(client.get("/").text(), "answered");
    }
    eventually("copies are under way", || looks_on.requests() == 64);
    assert_eq!(client.get("/").text(), "answered");
    eventually("nothing is in flight", || {
        rig.in_flight(&key("web"), 1) == 0
    });
    assert_eq!(looks_on.requests(), 64);
}

#[test]
fn nobody_there_to_look_on_is_no_failure() {
    let nobody = Refuses::new();
    let origin = Origin::plain("answered");
    let (_rig, listener) = mirrored(&origin, nobody.address, 100);
    let mut client = Client::connect(listener);
    for _ in 0..20 {
        assert_eq!(client.get("/").text(), "answered");
    }
}
