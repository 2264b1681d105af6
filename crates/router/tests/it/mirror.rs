//! Copies of requests for somebody who looks on.

use std::net::SocketAddr;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use windlass_model::{Listen, Mirror, Percent, Proxies, Route, Traffic};

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

/// Has requests of `listener` copied, all of them.
fn copying(listen: impl Into<Listen>, origin: &Origin, to: SocketAddr) -> Route {
    let mirror = Mirror {
        to,
        share: Percent::new(100).expect("a share"),
    };
    Route {
        traffic: Box::new(Traffic {
            mirror: Some(mirror),
            ..Traffic::default()
        }),
        ..serving(listen, vec![slot(1, 100, &[origin.address])])
    }
}

/// Answers what it is told of copies.
fn echoing() -> Origin {
    Origin::start(|exchange| {
        let said = |name| exchange.header(name).unwrap_or("nothing").to_owned();
        let told = [said("windlass-mirror"), said("windlass-mirror-by")].join(" by ");
        exchange.ok(&told)
    })
}

const COPY: &str = "GET /copy HTTP/1.1\r\nHost: shop\r\nWindlass-Mirror: yes\r\n\
    Windlass-Mirror-By: somebody\r\n\r\n";

/// What an onlooker was asked, each with who is said to have copied it.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

fn noting() -> (Origin, Asked) {
    let asked = Asked::default();
    let noted = asked.clone();
    let looks_on = Origin::start(move |exchange| {
        let line = exchange.line().to_owned();
        let by = exchange.header("windlass-mirror-by").unwrap_or_default();
        let mut noted = noted.lock().expect("a lock");
        noted.push((line, by.to_owned()));
        exchange.ok("seen")
    });
    (looks_on, asked)
}

#[test]
fn a_client_that_says_it_is_a_copy_is_not_believed_and_a_trusted_proxy_is() {
    const ROUNDS: usize = 20;
    for (trusted, told, is_copied) in [
        ("192.0.2.0/24", "nothing by somebody", true),
        ("127.0.0.0/8", "yes by somebody", false),
    ] {
        let (origin, (looks_on, asked)) = (echoing(), noting());
        let rig = Rig::with_threads(1);
        let listener = rig.listener();
        let listen = Listen {
            proxies: Proxies {
                trusted: vec![trusted.parse().expect("a network")],
                proxy_protocol: false,
            },
            ..listener.into()
        };
        rig.route(&key("web"), copying(listen, &origin, looks_on.address));
        let copies = |path: &str| -> Vec<String> {
            let asked = asked.lock().expect("a lock");
            let of_path = asked.iter().filter(|(line, _)| line.contains(path));
            of_path.map(|(_, by)| by.clone()).collect()
        };
        let mut client = Client::connect(listener);
        for round in 1..=ROUNDS {
            client.send(COPY);
            assert_eq!(client.answer().text(), told);
            // Its copy goes out before that of the next one, if it has one.
            assert_eq!(client.get("/next").text(), "nothing by nothing");
            eventually("the next one is copied", || copies("/next").len() == round);
        }
        if is_copied {
            eventually("all are copied", || copies("/copy").len() == ROUNDS);
        }
        let all = copies("/copy");
        assert_eq!(all.is_empty(), !is_copied, "{all:?}");
        let boot = rig.observe().boot.0;
        let by = format!("somebody, {boot}");
        assert!(all.iter().all(|one| *one == by), "{all:?}");
        assert!(copies("/next").iter().all(|one| *one == boot));
    }
}

#[test]
fn routers_that_copy_to_each_other_do_so_once_around() {
    let (first, second) = (Origin::plain("first"), Origin::plain("second"));
    let (one, other) = (Rig::with_threads(1), Rig::with_threads(1));
    let (here, there) = (one.listener(), other.listener());
    one.route(&key("web"), copying(here, &first, there));
    other.route(&key("web"), copying(there, &second, here));
    let mut client = Client::connect(here);
    for number in 1..=5 {
        assert_eq!(client.get("/").text(), "first");
        eventually("it has come back", || {
            first.requests() >= 2 * number && second.requests() >= number
        });
        // One more round would be there with the next one's at the latest.
        assert_eq!((first.requests(), second.requests()), (2 * number, number));
    }
}

#[test]
fn a_copy_that_another_router_leads_back_is_not_copied_again() {
    let first = Origin::plain("first");
    let (one, other) = (Rig::with_threads(1), Rig::with_threads(1));
    let (here, there) = (one.listener(), other.listener());
    one.route(&key("web"), copying(here, &first, there));
    other.route(&key("web"), serving(there, vec![slot(1, 100, &[here])]));
    let mut client = Client::connect(here);
    for number in 1..=5 {
        assert_eq!(client.get("/").text(), "first");
        eventually("it has come back", || first.requests() >= 2 * number);
        // One more round would be there with the next one's at the latest.
        assert_eq!(first.requests(), 2 * number);
    }
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
