//! How much of a service's requests is taken, and how long its instances may take.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use windlass_model::{Millis, RequestLimits, Route, Timeouts, Traffic};

use crate::client::Client;
use crate::origin::{After, Full, Origin};
use crate::rig::{Rig, eventually, key, serving, slot};

fn routed(origin: &Origin, traffic: Traffic) -> (Rig, SocketAddr) {
    let rig = Rig::start();
    let listener = rig.listener();
    let slots = vec![slot(1, 100, &[origin.address])];
    let route = Route {
        traffic: Box::new(traffic),
        ..serving(listener, slots)
    };
    rig.route(&key("web"), route);
    (rig, listener)
}

fn limited(limits: RequestLimits) -> Traffic {
    Traffic {
        limits,
        ..Traffic::default()
    }
}

/// Answers each request when the test lets it.
fn waits(turn: Receiver<()>) -> Origin {
    let turn = Arc::new(Mutex::new(turn));
    Origin::start(move |exchange| {
        let next = turn.lock().expect("no panic").recv();
        next.map_or(After::Close, |()| exchange.ok("done"))
    })
}

#[test]
fn requests_beyond_the_limit_are_refused_at_once_and_the_place_is_free_afterwards() {
    let (lets, turn) = channel();
    let origin = waits(turn);
    let limits = RequestLimits {
        in_flight: Some(2),
        ..RequestLimits::default()
    };
    let (rig, listener) = routed(&origin, limited(limits));
    let open: Vec<Client> = (0..2)
        .map(|_| {
            let client = Client::connect(listener);
            client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
            client
        })
        .collect();
    eventually("both are at the origin", || origin.requests() == 2);

    let mut third = Client::connect(listener);
    let answer = third.get("/");
    assert_eq!((answer.status, answer.error()), (503, Some("at_limit")));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(rig.in_flight(&key("web"), 1), 2);

    // Which of them the origin serves first is its own affair.
    for _ in &open {
        lets.send(()).expect("a waiting origin");
    }
    for mut client in open {
        assert_eq!(client.answer().text(), "done");
    }
    eventually("both are over", || rig.in_flight(&key("web"), 1) == 0);
    lets.send(()).expect("an origin");
    assert_eq!(third.get("/").text(), "done", "its connection goes on");
}

const LARGEST: usize = 1000;

fn small_bodies() -> Traffic {
    limited(RequestLimits {
        body: Some(LARGEST as u64),
        ..RequestLimits::default()
    })
}

#[test]
fn a_body_that_is_announced_as_too_large_never_reaches_the_service() {
    let origin = Origin::plain("taken");
    let (_rig, listener) = routed(&origin, small_bodies());
    let post = |length: usize| {
        let mut client = Client::connect(listener);
        let body = "x".repeat(length);
        client.send(&format!(
            "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
        client.answer()
    };
    assert_eq!(post(LARGEST).text(), "taken");
    let answer = post(LARGEST + 1);
    assert_eq!(
        (answer.status, answer.error()),
        (413, Some("body_too_large"))
    );
    assert_eq!(origin.requests(), 1);
}

#[test]
fn a_body_that_is_refused_is_not_asked_for() {
    let origin = Origin::plain("taken");
    let (_rig, listener) = routed(&origin, small_bodies());
    for (length, status) in [(LARGEST, 100), (LARGEST + 1, 413)] {
        let mut client = Client::connect(listener);
        client.send(&format!(
            "POST / HTTP/1.1\r\nHost: shop\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
        ));
        assert_eq!(client.head().expect("a head").status, status);
    }
}

const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n";

/// More than the half of what is taken.
fn chunk() -> String {
    let bytes = LARGEST / 2 + 1;
    format!("{bytes:x}\r\n{}\r\n", "x".repeat(bytes))
}

/// Answers that broke off, until now.
pub(crate) fn broken(rig: &Rig) -> u64 {
    let ticks = rig.ticks(0).len();
    eventually("a tick has passed", || rig.ticks(0).len() > ticks);
    let services = rig.ticks(0).into_iter().flat_map(|tick| tick.services);
    let slots = services.flat_map(|(_, slots)| slots);
    slots.map(|slot| slot.broken).sum()
}

#[test]
fn a_body_that_turns_out_too_large_is_cut_off_and_is_no_evidence() {
    let origin = Origin::start(|exchange| {
        while exchange.chunk_or_end().is_some() {}
        After::Close
    });
    let (rig, listener) = routed(&origin, small_bodies());
    let mut client = Client::connect(listener);
    client.send(CHUNKED);
    client.send(&chunk());
    eventually("the origin has it", || origin.requests() == 1);
    client.send(&chunk());
    let answer = client.answer();
    assert_eq!(
        (answer.status, answer.error()),
        (413, Some("body_too_large"))
    );
    eventually("it is over", || rig.in_flight(&key("web"), 1) == 0);
    assert_eq!(broken(&rig), 0);
}

#[test]
fn an_answer_that_breaks_off_because_its_request_was_too_large_is_no_evidence() {
    let origin = Origin::start(|exchange| {
        exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ");
        while exchange.chunk_or_end().is_some() {}
        After::Close
    });
    let (rig, listener) = routed(&origin, small_bodies());
    let mut client = Client::connect(listener);
    client.send(CHUNKED);
    assert_eq!(client.head().expect("a head").status, 200);
    client.send(&chunk().repeat(2));
    client.rest();
    eventually("it is over", || rig.in_flight(&key("web"), 1) == 0);
    assert_eq!(broken(&rig), 0);
}

#[test]
fn a_head_that_is_too_large_for_its_service_is_refused() {
    let origin = Origin::plain("taken");
    let limits = RequestLimits {
        head: Some(200),
        ..RequestLimits::default()
    };
    let (_rig, listener) = routed(&origin, limited(limits));
    let get = |path: &str| Client::connect(listener).get(path);
    assert_eq!(get("/small").text(), "taken");
    let answer = get(&format!("/{}", "x".repeat(200)));
    assert_eq!((answer.status, answer.error()), (431, Some("bad_request")));
    assert_eq!(origin.requests(), 1);
}

fn patient_for(timeouts: Timeouts) -> Traffic {
    Traffic {
        timeouts,
        ..Traffic::default()
    }
}

#[test]
fn an_instance_that_does_not_begin_its_answer_in_time_is_given_up() {
    let (_lets, turn) = channel();
    let origin = waits(turn);
    let timeouts = Timeouts {
        answer: Some(Millis::from_millis(100)),
        ..Timeouts::default()
    };
    let (_rig, listener) = routed(&origin, patient_for(timeouts));
    let answer = Client::connect(listener).get("/");
    assert_eq!((answer.status, answer.error()), (504, Some("timeout")));
}

#[test]
fn an_instance_that_accepts_no_connection_is_given_up_after_the_time_of_its_service() {
    // Longer than it would be for anybody.
    let within = Duration::from_secs(3);
    let full = Full::new();
    let timeouts = Timeouts {
        connect: Some(Millis::from_secs(within.as_secs())),
        ..Timeouts::default()
    };
    let rig = Rig::start();
    let listener = rig.listener();
    let route = Route {
        traffic: Box::new(patient_for(timeouts)),
        ..serving(listener, vec![slot(1, 100, &[full.address])])
    };
    rig.route(&key("web"), route);
    let begun = Instant::now();
    let answer = Client::connect(listener).get("/");
    assert_eq!(
        (answer.status, answer.error()),
        (502, Some("connect_failed"))
    );
    assert!(begun.elapsed() >= within, "{:?}", begun.elapsed());
}

#[test]
fn a_tunnel_in_which_nobody_says_anything_ends() {
    let origin = Origin::start(|exchange| {
        exchange.write(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
        );
        while exchange.chunk_or_end().is_some() {}
        After::Close
    });
    let timeouts = Timeouts {
        silence: Some(Millis::from_millis(100)),
        ..Timeouts::default()
    };
    let (_rig, listener) = routed(&origin, patient_for(timeouts));
    let mut client = Client::connect(listener);
    client.send("GET / HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    assert_eq!(client.head().expect("a head").status, 101);
    assert!(client.rest().is_empty());
    eventually("the instance is told", || origin.closed() == 1);
}

#[test]
fn an_answer_that_falls_silent_breaks_off() {
    let origin = Origin::start(|exchange| {
        exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ");
        exchange.chunk_or_end();
        After::Close
    });
    let timeouts = Timeouts {
        silence: Some(Millis::from_millis(100)),
        ..Timeouts::default()
    };
    let (_rig, listener) = routed(&origin, patient_for(timeouts));
    let mut client = Client::connect(listener);
    client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
    assert_eq!(client.head().expect("a head").status, 200);
    assert_eq!(client.rest(), b"half ");
}
